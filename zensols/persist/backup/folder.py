"""The folder that backups of caches are in."""

from __future__ import annotations

import os
import re
import stat
from datetime import UTC, datetime
from typing import Final

from ..codec.tagged import Tagger
from ..error import CorruptDataError, PersistableError
from ..files import DIGESTED
from .dated import DatedFile, DatedFolder, Durability, Part
from .document import STAMP, CacheDocument
from .filename import file_name, parse_name
from .reading import read_document
from .retention import Since, expired

__all__ = ["BackupFolder", "read_limited"]

_HEAD: Final = 1 << 16
_CACHE_NAME: Final = re.compile(rb'"cache_name": ("(?:[^"\\]|\\.)*")')


class BackupFolder(DatedFolder):
    """Backups of caches, each a file that is written whole and never changed.

    Safe to use from several threads and processes.

    >>> BackupFolder("no/such/folder").files()
    []

    """

    def __init__(
        self,
        path: str,
        *,
        tagger: Tagger | None = None,
        durability: Durability = "process",
        max_size: int = 1 << 30,
    ) -> None:
        """
        :param path: the folder, which is made when it is first written to

        :param tagger: reads and writes values

        :param durability: ``fsync`` has backups outlive a loss of power

        :param max_size: the most bytes of a file that is read

        """
        super().__init__(path, durability)
        self._tagger = Tagger() if tagger is None else tagger
        self._max_size = max_size

    def write(self, document: CacheDocument) -> DatedFile:
        """Write a backup, as the newest one whatever the clock says.  Call this in the
        block of :meth:`lock`.

        :param document: what is in it

        :raises PersistableError: if that fails; older ones are as they were

        """
        stamp = document.created.strftime(STAMP)
        kind, name = document.type, document.cache_name
        parts = document.encode(self._tagger)
        return self.add(parts, lambda n: file_name(kind, name, stamp, n))

    def files(self, cache_name: str | None = None) -> list[tuple[str, DatedFile]]:
        """Return the names of caches and their backups, the newest one first.

        :param cache_name: only those of this cache

        :raises PersistableError: if the folder can't be read

        """
        found = self.scan(parse_name)
        found.sort(
            key=lambda pair: (pair[1].modified_ns, pair[0].stamp, pair[0].number),
            reverse=True,
        )
        named = (
            (
                _read_name(file.path)
                if told.cache_name is DIGESTED
                else told.cache_name,
                file,
            )
            for told, file in found
        )
        return [(name, file) for name, file in named if cache_name in (None, name)]

    def parts(self) -> list[Part]:
        """Return the backups of each cache, the newest first.

        :raises PersistableError: if the folder can't be read

        """
        files: dict[str, list[DatedFile]] = {}
        for name, file in self.files():
            files.setdefault(name, []).append(file)
        return [Part(name, made) for name, made in files.items()]

    def read(self, path: str) -> CacheDocument:
        """Return what is in a backup.

        :param path: the file, of this folder or another

        :raises CorruptDataError: if it is damaged, or no backup of a cache

        :raises PersistableError: if it can't be read, or is too large, or written by a
                                  newer release

        """
        data = read_limited(path, self._max_size)
        return read_document(data, self._tagger, f"'{path}'")

    def is_good(self, file: DatedFile) -> bool:
        """Return whether a backup can be read.

        :param file: as it is listed

        """
        try:
            self.read(file.path)
        except PersistableError:
            return False
        return True

    def older_good(self, path: str) -> DatedFile | None:
        """Return the newest good backup of the same cache that is older than another.

        :param path: the other, which need not be in this folder

        """
        for part in self.parts():
            paths = [file.path for file in part.files]
            if path in paths:
                older = part.files[paths.index(path) + 1 :]
                return next(filter(self.is_good, older), None)
        return None

    def remove_older(self, seconds: float) -> int:
        """Remove backups whose files were modified before a time, but not the newest
        good one of a cache.

        :param seconds: the time, since 1970

        :return: how many were removed

        :raises PersistableError: if some can't be; the others are

        """
        rule = Since(datetime.fromtimestamp(seconds, UTC))
        old: list[str] = []
        for part in self.parts():
            made = [(f, datetime.fromtimestamp(f.modified, UTC)) for f in part.files]
            old += [file.path for file in expired(made, rule, self.is_good)]
        return self.remove(old)


def _read_name(path: str) -> str:
    """Return the name of a cache that is too long for that of its file."""
    from msgspec.json import decode

    try:
        with open(path, "rb") as file:
            match = _CACHE_NAME.search(file.read(_HEAD))
        return decode(match[1], type=str) if match else os.path.basename(path)
    except (OSError, ValueError):
        return os.path.basename(path)


def read_limited(path: str, max_size: int) -> bytes:
    """Return the content of a file.

    :param path: the file

    :param max_size: the most bytes that it may have

    :raises CorruptDataError: if it is no file

    :raises PersistableError: if it has more, or can't be read

    >>> read_limited(os.curdir, 100)
    Traceback (most recent call last):
    zensols.persist.error.CorruptDataError: No backup: '.' is not a file

    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise CorruptDataError(f"No backup: '{path}' is not a file")
        if status.st_size <= max_size:
            with open(path, "rb") as file:
                return file.read()
    except OSError as e:
        raise PersistableError(f"Can't read the backup '{path}': {e}") from e
    raise PersistableError(
        f"'{path}' has {status.st_size} bytes, more than the {max_size} that are read: "
        "give a larger max_size if you trust it"
    )

"""What a schedule backs up, and how: the states of modules in one file, or each cache of
a store in one.

"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from ..codec.tagged import Tagger
from ..error import PersistableError
from .contents import take
from .dated import DatedFile, DatedFolder, Part
from .document import STAMP, CacheDocument
from .folder import BackupFolder, read_limited
from .modules import read_modules
from .store import DEFAULT, CacheStore

__all__ = ["Archive", "CacheArchive", "ModuleArchive"]

_NAME: Final = re.compile(r"backup_([0-9]{8}_[0-9]{6})(?:_([0-9]{1,6}))?\.json")


class Archive(Protocol):
    """Backups of the same things, made again and again.

    Safe to use from several threads and processes while :attr:`folder` is locked.

    >>> archive: Archive = ModuleArchive(DatedFolder("backups"), "data", 100)

    """

    folder: DatedFolder
    """Where they are."""

    def names(self) -> list[str]:
        """Return the names of the parts that are there to be backed up."""

    def back_up(self, name: str, now: datetime) -> DatedFile | None:
        """Back one part up, unless its newest good backup has the same content.

        :param name: the part's

        :param now: the time to name it after

        :return: the file, or None if nothing has changed

        :raises PersistableError: if that fails

        """

    def parts(self) -> list[Part]:
        """Return all parts that there are backups of."""

    def is_good(self, file: DatedFile) -> bool:
        """Return whether a backup can be restored.

        :param file: the backup

        """


class ModuleArchive:
    """Backs the states of persistent modules up, all in one file.

    Safe to use from several threads and processes while :attr:`folder` is locked.

    >>> ModuleArchive(DatedFolder("backups"), "no/such/folder", 100).parts()
    []

    """

    NAME: Final = "modules"

    def __init__(self, folder: DatedFolder, source: str, max_size: int) -> None:
        """
        :param folder: where backups are

        :param source: the folder of the modules' files

        :param max_size: the most bytes of a file that is read

        """
        self.folder = folder
        self._source = source
        self._max_size = max_size

    def names(self) -> list[str]:
        return [self.NAME]

    def back_up(self, name: str, now: datetime) -> DatedFile | None:
        from msgspec.json import format as lay_out

        states = read_modules(self._source, self._max_size)
        data = lay_out(Tagger().encode(states), indent=2) + b"\n"
        newest = next(self._good_files(), None)
        if newest is not None and read_limited(newest.path, self._max_size) == data:
            return None
        stamp = now.strftime(STAMP)
        return self.folder.add([data], lambda n: _file_name(stamp, n))

    def _good_files(self) -> Iterator[DatedFile]:
        return (f for part in self.parts() for f in part.files if self.is_good(f))

    def parts(self) -> list[Part]:
        found = self.folder.scan(_NAME.fullmatch)
        found.sort(key=lambda pair: (pair[1].modified_ns, pair[1].path), reverse=True)
        return [Part(self.NAME, [file for _, file in found])] if found else []

    def is_good(self, file: DatedFile) -> bool:
        try:
            data = read_limited(file.path, self._max_size)
            return isinstance(Tagger().decode(data, file.path), dict)
        except PersistableError:
            return False


def _file_name(stamp: str, number: int) -> str:
    return f"backup_{stamp}{f'_{number}' if number > 1 else ''}.json"


class CacheArchive:
    """Backs the caches of a store up, each in a file as :class:`.PersistenceHandler`
    writes it, which also restores it.

    Safe to use from several threads and processes while :attr:`folder` is locked.

    >>> CacheArchive(BackupFolder("backups"), CacheStore(), Tagger()).names()
    ['default']

    """

    def __init__(self, folder: BackupFolder, store: CacheStore, tagger: Tagger) -> None:
        """
        :param folder: where backups are

        :param store: has the caches

        :param tagger: writes values

        """
        self.folder: DatedFolder = folder
        self._files = folder
        self._store = store
        self._tagger = tagger

    def names(self) -> list[str]:
        return [*self._store.list_caches(), DEFAULT]

    def back_up(self, name: str, now: datetime) -> DatedFile | None:
        document = take(name, self._store[name], now.replace(tzinfo=None))
        for _, file in self._files.files(name):
            try:
                newest = self._files.read(file.path)
            except PersistableError:
                continue
            if self._content(newest) == self._content(document):
                return None
            break
        return self._files.write(document)

    def _content(self, document: CacheDocument) -> bytes:
        """Return what two backups of the same have in common: not how long values
        still live.

        """
        fixed = replace(document, created=datetime.min, remaining={})  # noqa: DTZ901  no time at all
        return b"".join(fixed.encode(self._tagger))

    def parts(self) -> list[Part]:
        return self._files.parts()

    def is_good(self, file: DatedFile) -> bool:
        return self._files.is_good(file)

"""Archives of entries, with which stores travel between machines.

An archive is a zip file with an entry in each of its files.  The entry holds the
key that it belongs to; the name of the file is that key, too, made fit for a name.

"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from ..codec import Codec, default_codec, read_info
from ..domain import EntryStore, ReadOnlyStash
from ..error import PersistableError
from ..files import FileNames

__all__ = ["ArchiveStash", "write_archive"]

_NAMES: Final = FileNames("{name}.entry", folds=lambda: True)


def write_archive(file: IO[bytes], entries: Iterable[tuple[str, bytes]]) -> int:
    """Write an archive.

    :param file: where to; it needn't be seekable

    :param entries: pairs of keys and entries

    :return: how many they were

    >>> import io
    >>> from zensols.persist.codec import JsonCodec
    >>> file = io.BytesIO()
    >>> write_archive(file, [("a", bytes(JsonCodec().encode(1, "a")))])
    1
    >>> ZipFile(file).namelist()
    ['a.entry']

    """
    count = 0
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for key, entry in entries:
            archive.writestr(_NAMES.to_name(key), entry)
            count += 1
    return count


class ArchiveStash(ReadOnlyStash[Any], EntryStore):
    """Has the entries in an archive.

    Use one object in one thread; the archive is kept open until :meth:`close`.

    >>> import tempfile
    >>> from zensols.persist.codec import JsonCodec
    >>> path = Path(tempfile.mkdtemp(), "a.zip")
    >>> with path.open("wb") as file:
    ...     write_archive(file, [("a", bytes(JsonCodec().encode(1, "a")))])
    1
    >>> ArchiveStash(path).entry_info("a").codec
    'json'

    """

    def __init__(self, file: Path | IO[bytes]) -> None:
        """
        :param file: the archive, or a file that is open to be read and can seek

        :raises PersistableError: if it is no archive

        """
        super().__init__()
        self._file = file
        with self._errors():
            self._archive = ZipFile(file)
        self._listed: dict[str, str] | None = None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (
            BadZipFile,
            EOFError,
            NotImplementedError,
            OSError,
            RuntimeError,
            ValueError,
            zlib.error,
        ) as e:
            raise PersistableError(f"Can't read archive {self._file}: {e}") from e

    @property
    def _places(self) -> dict[str, str]:
        """The name of each key's file."""
        if self._listed is None:
            self._listed = {}
            for name in self._archive.namelist():
                key = _NAMES.to_key(name)
                if key is not None:
                    self._listed[key if isinstance(key, str) else self._key(name)] = (
                        name
                    )
        return self._listed

    def _key(self, name: str) -> str:
        key = read_info(self._read(name), name).key
        if key is None:
            raise PersistableError(f"Can't tell the key of {name} in {self._file}")
        return key

    def _read(self, name: str) -> bytes:
        with self._errors():
            return self._archive.read(name)

    @property
    def entry_codec(self) -> Codec:
        return default_codec()

    def load_entry(self, name: str) -> bytes | None:
        place = self._places.get(name)
        return None if place is None else self._read(place)

    def dump_entry(self, name: str, entry: bytes) -> None:
        """Refuse it.

        :raises PersistableError: always

        """
        raise PersistableError("Archives are only read")

    def load(self, name: str) -> Any:
        entry = self.load_entry(name)
        if entry is None:
            return None
        return default_codec().decode(entry, name, source=name)

    def exists(self, name: str) -> bool:
        return name in self._places

    def keys(self) -> Iterable[str]:
        return self._places.keys()

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()

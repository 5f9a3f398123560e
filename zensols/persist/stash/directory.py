"""A stash that keeps each value in a file of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any, ClassVar, Final, Generic

from ..codec import (
    Codec,
    EntryInfo,
    JsonCodec,
    RawCodec,
    dump_file,
    file_info,
    load_file,
)
from ..domain import (
    BatchGate,
    EntryStore,
    Reach,
    Stash,
    StashURL,
    V,
    codec_options,
    one_of,
    require_key,
)
from ..error import PersistableError
from ..files import (
    beside_path,
    file_pattern,
    key_lock_path,
    make_folder,
    path_lock,
)
from ..missing import MISSING
from .folder import StashFolder
from .foldergate import FolderGate
from .place import Durability, check_place
from .stamps import stamps

__all__ = ["DirectoryStash", "Durability"]

_PATTERN: Final = "{name}.dat"
_RAW: Final = RawCodec()


@dataclass
class DirectoryStash(Stash[V], EntryStore, Generic[V]):
    """Keeps each value in its own file.  A file holds the old value or the new
    one, whatever is killed when; values are signed by default, so that only
    what was written with the user's key is read.

    The file of an ordinary key is named after it.  A key with characters that a
    file name can't have is escaped, and one that is too long is digested, so
    that any string is a key and no two share a file.

    Safe to use from many threads and processes at once.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "data"
    >>> stash = DirectoryStash(folder)
    >>> stash["a"] = [1, 2]
    >>> stash["a"]
    [1, 2]
    >>> [path.name for path in folder.iterdir()]
    ['a.dat']

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("path", "pattern")

    path: Path
    """The folder; made, readable by its user only, when first written to."""

    pattern: str = _PATTERN
    """The name of a file, where ``{name}`` stands for the key."""

    codec: Codec | None = field(default=None, kw_only=True)
    """Turns values into entries; by default :func:`.default_codec`."""

    durability: Durability = field(default="process", kw_only=True)
    """``fsync`` makes each write wait until it would survive a loss of power."""

    def __post_init__(self) -> None:
        check_place(self, self.path, "folder", self.durability)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_derived"}

    @property
    def _folder(self) -> StashFolder:
        folder: StashFolder | None = self.__dict__.get("_derived")
        if (
            folder is None
            or folder.path is not self.path
            or folder.pattern is not self.pattern
            or folder.chosen is not self.codec
        ):
            folder = StashFolder(self.path, self.pattern, self.codec)
            self.__dict__["_derived"] = folder
        return folder

    def _file(self, name: str) -> str:
        folder = self._folder
        return folder.prefix + folder.names.to_name(name)

    def assert_path_dir(self) -> None:
        """Make the folder if it doesn't exist.

        :raises PersistableError: if it can't be made

        """
        try:
            make_folder(self._folder.text)
        except OSError as e:
            raise PersistableError(f"Can't make {self.path}: {e.strerror}") from e

    def key_to_path(self, key: str) -> Path:
        """Return the file of a key, whether or not it exists, and make the
        folder.

        :param key: the key

        """
        self.assert_path_dir()
        return Path(self._file(str(key)))

    def load(self, name: str) -> V | None:
        """Return the value of a key, or None if there is none.

        :param name: the key

        :raises PersistableError: if the file can't be read, or is not to be
                                  trusted

        """
        value = self._read(name)
        return None if value is MISSING else value

    def _read(self, name: str) -> Any:
        key = str(name)
        folder = self._folder
        file = folder.prefix + folder.names.to_name(key)
        try:
            return load_file(folder.codec, file, key)
        except FileNotFoundError:
            return MISSING

    def get(self, name: str, default: Any = None) -> Any:
        value = self.load(name)
        if value is None:
            # Absent or a None?  exists() can't tell if others write and delete
            # the key meanwhile.
            stored = self._read(name)
            if stored is not None:
                value = None if stored is MISSING else self.load(name)
                if value is None:
                    return default
        return value

    def exists(self, name: str) -> bool:
        try:
            return S_ISREG(os.stat(self._file(str(name))).st_mode)
        except OSError:
            return False

    def dump(self, name: str, inst: V) -> None:
        """Store a value.  If that fails, the old value is kept.

        :param name: the key

        :param inst: the value

        :raises PersistableError: if the value can't be encoded or the file can't
                                  be written

        """
        folder = self._folder
        self._dump(folder, folder.codec, str(name), inst)

    def _dump(self, folder: StashFolder, codec: Codec, key: str, value: Any) -> None:
        folder.sweeper.sweep()
        fsync = self.durability == "fsync"
        try:
            file = folder.prefix + folder.names.to_name(key)
            dump_file(codec, value, file, key, fsync=fsync)
        except PersistableError as e:
            if not isinstance(e.__cause__, FileNotFoundError):
                raise
            self.assert_path_dir()
            # Named anew, as which names are the same shows only now.
            file = folder.prefix + folder.names.to_name(key)
            dump_file(codec, value, file, key, fsync=fsync)

    def delete(self, name: str | None = None) -> None:
        """Delete the value of a key, if there is one.

        :param name: the key

        :raises PersistableError: if no key is given or its file can't be deleted

        """
        self._folder.remove(self._file(str(require_key(self, name))))

    def clear(self) -> None:
        """Delete all values; files that are not of this stash stay."""
        folder = self._folder
        folder.sweeper.sweep()
        to_key = folder.names.to_key
        with folder.scan() as entries:
            found = tuple(entries)
        for entry in found:
            if to_key(entry.name) is not None and entry.is_file():
                folder.remove(entry.path)

    def keys(self) -> Iterable[str]:
        """Return the keys, lazily and in no particular order."""
        return (key for key, _ in self._folder.entries())

    @property
    def entry_codec(self) -> Codec:
        return self._folder.codec

    def load_entry(self, name: str) -> bytes | None:
        try:
            entry: bytes = load_file(_RAW, self._file(str(name)))
        except FileNotFoundError:
            return None
        return entry

    def entry_stamps(self) -> Iterator[tuple[str, bytes]] | None:
        """Return pairs of keys and what the file system tells of their files: when
        they were written, how large they are and where.  It doesn't of those written
        in the last moments, nor on network file systems.

        """
        return stamps(self._folder)

    def dump_entry(self, name: str, entry: bytes) -> None:
        self._dump(self._folder, _RAW, str(name), entry)

    def entry_info(self, name: str) -> EntryInfo | None:
        try:
            return file_info(self._file(str(name)))
        except FileNotFoundError:
            return None

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> DirectoryStash[V]:
        """Return the stash of a URL such as ``dir:data``; see :data:`.Opener`."""
        fields = url.read(pattern=file_pattern, durability=one_of("process", "fsync"))
        return cls(url.path, **fields, codec=codec)

    @property
    def url(self) -> StashURL:
        if type(self) is not DirectoryStash:
            return super().url
        options: dict[str, object] = {
            "pattern": None if self.pattern == _PATTERN else self.pattern,
            "durability": None if self.durability == "process" else self.durability,
        }
        return StashURL.of_path("dir", self.path, options | codec_options(self.codec))

    @property
    def reach(self) -> Reach:
        return Reach.MACHINE

    def _make_beside(self, name: str, *parts: str) -> DirectoryStash[Any]:
        if self.pattern != _PATTERN:
            parts = (self.pattern, *parts)
        path = Path(beside_path(self._folder.text, name, *parts))
        return DirectoryStash(path, codec=JsonCodec(), durability=self.durability)

    def batch_gate(self) -> BatchGate:
        return FolderGate(self, self.path, "batches")

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a lock on a key, shared by all processes that use the folder,
        kept in a sibling folder while it is held.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        """
        return path_lock(key_lock_path(self._folder.text, str(key)), timeout)

    def close(self) -> None:
        """Do nothing: files are closed after each use."""

"""A stash that keeps its entries in LMDB."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from ..codec import Codec, JsonCodec, default_codec
from ..domain import Reach, StashURL, V, chunks, codec_options, one_of, require_key
from ..error import PersistableError
from ..files import beside_path, key_lock_path, path_lock
from ..missing import MISSING
from .lmdbdriver import FILE
from .lmdbfrozen import FreezableEnvironment
from .lmdbnames import LONGEST, digest, to_key, to_name
from .lmdbreading import (
    CHUNK_BYTES,
    CHUNK_KEYS,
    copy_one,
    copy_some,
    describe,
    has,
    names_after,
)
from .lmdbregistry import find_environment
from .lmdbwriting import batches, change
from .place import Durability, check_place
from .stamps import file_stamp
from .store import StoreStash

if TYPE_CHECKING:
    from lmdb import Transaction

__all__ = ["LmdbStash"]

T = TypeVar("T")

_MAP_SIZE: Final = 1 << 24
_CHUNK_READ: Final = 100
"""How many entries are read at once."""


@dataclass
class LmdbStash(StoreStash[V], Generic[V]):
    """Keeps its entries in LMDB, a database in a folder that the processes of one
    machine map to their memory: the fastest of all stores to read.

    Any string is a key; entries may have up to 4 GiB.  A reader never waits, and
    one writer at a time does.  The folder must be on a local disk.

    Safe to use from many threads and processes at once, and on both sides of a
    fork.

    >>> import tempfile
    >>> stash = LmdbStash(Path(tempfile.mkdtemp()) / "data")
    >>> stash["a"] = [1, 2]
    >>> stash["a"], len(stash)
    ([1, 2], 1)
    >>> stash.close()

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("path",)
    transaction: ClassVar[tuple[int, int]] = CHUNK_KEYS, CHUNK_BYTES

    path: Path
    """The folder; made, readable by its user only, when first written to."""

    map_size: int = field(default=_MAP_SIZE, kw_only=True)
    """How many bytes of memory addresses to reserve at first; more are taken by
    themselves where that is too little.
    """

    durability: Durability = field(default="process", kw_only=True)
    """``process``: a write survives the death of the process, but a loss of power
    may cost the whole store.  ``fsync``: each write waits until it, and the store,
    would survive that too, provided that all who write to the folder wait.
    """

    _opened: ClassVar[_Opened | None] = None

    def __post_init__(self) -> None:
        check_place(self, self.path, "folder", self.durability)
        if self.map_size <= 0:
            raise PersistableError(
                f"Wrong map_size {self.map_size!r} of the stash at {self.path}: give "
                f"a number of bytes above 0"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_opened"}

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is None or opened.chosen is not self.codec:
            environment = find_environment(
                self.path, self.map_size, sync=self.durability == "fsync"
            )
            opened = _Opened(environment, self.codec)
            self.__dict__["_opened"] = opened
        return opened

    @property
    def entry_codec(self) -> Codec:
        return self._open().codec

    def load(self, name: str) -> V | None:
        key = str(name)
        opened = self._opened
        if opened is None or opened.chosen is not self.codec:
            opened = self._open()
        stored = key.encode("utf-8", "surrogatepass")
        if not 0 < len(stored) <= LONGEST:
            stored = digest(stored)
        try:
            # Codecs copy what they don't turn into objects.
            value: V | None = opened.environment.get(stored, opened.codec.decode, key)
        except PersistableError:
            # Once more from a copy, for an error that names the entry, or because what
            # restores the value made the map grow.
            value = super().load(key)
        return value

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, V]]:
        for key in map(str, names):
            value = self.get(key, MISSING)
            if value is not MISSING:
                yield key, value

    def _read(self, use: Callable[..., T], default: T, *arguments: Any) -> T:
        return self._open().environment.read(use, default, *arguments)

    def _write(self, use: Callable[[Transaction[bytes]], Any], size: int) -> None:
        self._open().environment.write(use, size)

    def exists(self, name: str) -> bool:
        return self._read(has, False, to_name(str(name)))

    def load_entry(self, name: str) -> bytes | None:
        return self._read(copy_one, None, to_name(str(name)))

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for some in chunks(map(str, names), _CHUNK_READ):
            left = some
            while left:
                # Fewer than asked for where they are large, none without a store.
                found: list[bytes | None] = self._read(
                    copy_some, [], list(map(to_name, left))
                )
                for key, entry in zip(left, found, strict=False):
                    if entry is not None:
                        yield key, entry
                left = left[len(found) :] if found else []

    def dump_entry(self, name: str, entry: bytes) -> None:
        stored = to_name(str(name))
        self._write(lambda transaction: transaction.put(stored, entry), len(entry))

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        for batch, size in batches(entries):

            def put(
                transaction: Transaction[bytes],
                batch: list[tuple[bytes, bytes]] = batch,
            ) -> None:
                for stored, entry in batch:
                    transaction.put(stored, entry)

            self._write(put, size)

    def change_entries(
        self, changes: Callable[[], Iterable[tuple[str, bytes | None]]]
    ) -> bool:
        self._write(partial(change, changes), 0)
        return True

    def store_stamp(self) -> bytes | None:
        file = file_stamp(str(self.path / FILE))
        number = self._read(lambda transaction: transaction.id(), 0)
        return file and b"%d " % number + file

    def _freeze(self, stack: ExitStack) -> LmdbStash[V] | None:
        opened = self._open()
        if not opened.environment.is_made:
            return None
        frozen = copy(self)
        environment = stack.enter_context(opened.environment.frozen())
        frozen.__dict__["_opened"] = _Opened(environment, self.codec)
        return frozen

    def delete(self, name: str | None = None) -> None:
        self.delete_many((require_key(self, name),))

    def delete_many(self, names: Iterable[str]) -> None:
        stored = map(to_name, map(str, names))
        while batch := list(islice(stored, CHUNK_KEYS)):

            def delete(
                transaction: Transaction[bytes], batch: list[bytes] = batch
            ) -> None:
                for name in batch:
                    transaction.delete(name)

            if self._open().environment.is_made:
                self._write(delete, 0)

    def clear(self) -> None:
        self._open().environment.clear()

    def keys(self) -> Iterator[str]:
        """Return the keys, lazily, in the order of their UTF-8 bytes, those with
        more than 511 of them excepted.

        """
        last: bytes | None = b""
        while last is not None:
            names: list[bytes] = self._read(names_after, [], last)
            for name in names:
                key = self._find_key(name)
                if key is not None:
                    yield key
            last = names[-1] if len(names) == CHUNK_KEYS else None

    def _find_key(self, name: bytes) -> str | None:
        key = to_key(name)
        if key is None:
            try:
                info = self._read(describe, None, name)
            except PersistableError:
                # Damaged: which key it was can't be known.
                return None
            if info is not None and info.key is not None and to_name(info.key) == name:
                key = info.key
        return key

    def __len__(self) -> int:
        return self._read(lambda transaction: transaction.stat()["entries"], 0)

    @property
    def reach(self) -> Reach:
        return Reach.MACHINE

    def _make_beside(self, name: str) -> LmdbStash[Any]:
        path = Path(beside_path(str(self.path), name))
        return LmdbStash(path, durability=self.durability, codec=JsonCodec())

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a lock on a key, shared by all processes that use the folder,
        kept in a sibling folder while it is held.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        """
        return path_lock(key_lock_path(str(self.path), str(key)), timeout)

    def close(self) -> None:
        """Close the database, unless other stashes of this process use it."""
        self.__dict__.pop("_opened", None)

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> LmdbStash[V]:
        """Return the stash of a URL such as ``lmdb:///data/cache?durability=fsync``;
        see :data:`.Opener`.

        """
        fields = url.read(map_size=int, durability=one_of("process", "fsync"))
        return cls(url.path, **fields, codec=codec)

    @property
    def url(self) -> StashURL:
        if type(self) is not LmdbStash:
            return super().url
        options: dict[str, object] = {
            "map_size": None if self.map_size == _MAP_SIZE else self.map_size,
            "durability": None if self.durability == "process" else self.durability,
        }
        return StashURL.of_path("lmdb", self.path, options | codec_options(self.codec))


class _Opened:
    """What is derived from the fields of a stash, so that it isn't at each use."""

    __slots__ = ("chosen", "codec", "environment")

    def __init__(self, environment: FreezableEnvironment, chosen: Codec | None) -> None:
        self.environment = environment
        self.chosen = chosen
        self.codec = chosen or default_codec()

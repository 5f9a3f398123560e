"""A stash that keeps its entries in a table of a SQLite file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, NamedTuple

from ..codec import Codec, JsonCodec, default_codec
from ..domain import Reach, StashURL, V, chunks, codec_options, one_of, require_key
from ..error import CorruptDataError, LockTimeoutError, PersistableError
from ..files import key_lock_path, path_lock
from ..missing import MISSING
from .place import Durability, check_place
from .sqlitefile import SqliteFile, seconds
from .sqlitefrozen import freeze
from .sqlitepool import SqlitePool
from .sqlitestatements import SqliteStatements, table_name
from .sqlitewriting import WRITE, WRITE_BYTES, change_entries, dump_entries, to_key
from .stamps import file_stamp
from .store import StoreStash

__all__ = ["SqliteStash"]

_PAGE: Final = 250
"""How many keys are listed at once."""

_READ: Final = 100
"""How many entries are read at once."""

_BEFORE_ALL: Final = 0
"""In SQLite's order, numbers come before all bytes, and so before the empty key."""


class _Opened(NamedTuple):
    pool: SqlitePool
    statements: SqliteStatements
    codec: Codec


@dataclass
class SqliteStash(StoreStash[V], Generic[V]):
    """Keeps values in a table of a SQLite file.  Several stashes can share a file,
    each with a table of its own.

    The file has a write-ahead log, so that readers and the one writer don't wait
    for each other, and is made when first written to.  Network file systems break
    such a log: on those that are known (Linux), there is a warning and SQLite's
    older journal is used.  A killed process loses nothing that it has written.

    The keys are listed in the order of their UTF-8 bytes, and the file doesn't
    shrink by deleting, but is filled again.

    Safe to use from many threads and processes at once, and across forks, before
    which all connections are closed.  Don't open or copy the file by other means
    in a process that uses it, nor remove it before :meth:`close`.

    >>> import tempfile
    >>> stash = SqliteStash(Path(tempfile.mkdtemp()) / "cache.db", table="models")
    >>> stash["a"] = [1, 2]
    >>> stash["a"]
    [1, 2]
    >>> list(stash.keys())
    ['a']
    >>> stash.close()

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("path", "table")
    transaction: ClassVar[tuple[int, int]] = WRITE, WRITE_BYTES

    path: Path
    """The file; made, readable by its user only, when first written to.  What is
    set after the first use counts from :meth:`close` on, as with the other
    attributes.
    """

    table: str = field(default="stash", kw_only=True)
    """The table; any text but what begins with ``sqlite_``.  To SQLite, ASCII
    letters in upper and lower case are the same.
    """

    timeout: float = field(default=60, kw_only=True)
    """How many seconds to wait for other writers."""

    durability: Durability = field(default="process", kw_only=True)
    """``fsync`` makes each write wait until it would survive a loss of power."""

    def __post_init__(self) -> None:
        check_place(self, self.path, "file", self.durability)
        try:
            table_name(self.table)
            seconds(self.timeout)
        except ValueError as e:
            raise PersistableError(f"Wrong stash for '{self.path}': {e}") from e

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_opened"}

    def _open(self) -> _Opened:
        statements = SqliteStatements(self.table, _PAGE)
        file = SqliteFile(
            os.path.abspath(self.path),
            statements.schema,
            self.timeout,
            "FULL" if self.durability == "fsync" else "NORMAL",
        )
        mine = _Opened(SqlitePool(file), statements, default_codec())
        opened: _Opened = self.__dict__.setdefault("_opened", mine)
        return opened

    @property
    def entry_codec(self) -> Codec:
        # The default is found out from the environment, which takes time.
        return self.codec or (self.__dict__.get("_opened") or self._open()).codec

    def entry_source(self, name: str) -> str:
        return f"{self.path}, table {self.table!r}, key {name!r}"

    def _find(self, name: str) -> Any:
        key = str(name)
        pool, statements, codec = self.__dict__.get("_opened") or self._open()
        codec = self.codec or codec
        for (entry,) in pool.run(statements.load, (to_key(key),)):
            try:
                return codec.decode(entry, key)
            except PersistableError:
                # Again, to tell where; to always prepare for that takes time.
                return codec.decode(entry, key, source=self.entry_source(key))
        return MISSING

    def load_entry(self, name: str) -> bytes | None:
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        for (entry,) in pool.run(statements.load, (to_key(name),)):
            found: bytes = entry
            return found
        return None

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for group in chunks(names, _READ):
            pool, statements, _ = self.__dict__.get("_opened") or self._open()
            keys = list(map(to_key, group))
            found = dict(pool.run(statements.load_many(len(keys)), keys))
            for name, key in zip(group, map(bytes, keys), strict=True):
                if key in found:
                    entry = found[key]
                    if entry is None:
                        entry = self.load_entry(name)
                    if entry is not None:
                        yield name, entry

    def dump_entry(self, name: str, entry: bytes) -> None:
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        pool.run(statements.dump, (to_key(name), entry), True)

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        dump_entries(pool, statements, entries)

    def change_entries(
        self, changes: Callable[[], Iterable[tuple[str, bytes | None]]]
    ) -> bool:
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        change_entries(pool, statements, changes)
        return True

    def store_stamp(self) -> bytes | None:
        stamp = file_stamp(str(self.path), f"{self.path}-wal")
        return stamp and self.table.encode() + b"\0" + stamp

    def _freeze(self, stack: ExitStack) -> SqliteStash[V] | None:
        if not os.path.exists(self.path):
            return None
        frozen, opened = copy(self), self.__dict__.get("_opened") or self._open()
        pool = stack.enter_context(freeze(opened.pool))
        frozen.__dict__["_opened"] = opened._replace(pool=pool)
        return frozen

    def exists(self, name: str) -> bool:
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        return bool(pool.run(statements.exists, (to_key(str(name)),)))

    def delete(self, name: str | None = None) -> None:
        """Delete the value of a key, if there is one.

        :param name: the key

        :raises PersistableError: if no key is given, or the file can't be written

        """
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        pool.run(statements.delete, (to_key(str(require_key(self, name))),))

    def delete_many(self, names: Iterable[str]) -> None:
        for group in chunks(names, WRITE):
            pool, statements, _ = self.__dict__.get("_opened") or self._open()
            rows = [(to_key(str(name)),) for name in group]
            pool.run_many(statements.delete, rows)

    def clear(self) -> None:
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        pool.run(statements.clear)

    def keys(self) -> Iterator[str]:
        """Return the keys, lazily, in the order of their UTF-8 bytes.  Others can
        write meanwhile.

        """
        last: Any = _BEFORE_ALL
        while True:
            pool, statements, _ = self.__dict__.get("_opened") or self._open()
            page = pool.run(statements.keys, (last,))
            for (last,) in page:
                yield self._from_key(last)
            if len(page) < _PAGE:
                return

    def _from_key(self, key: bytes) -> str:
        try:
            return key.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise CorruptDataError(
                f"Key {key!r} in table {self.table!r} of '{self.path}' is not of a "
                "stash: delete it by other means"
            ) from None

    def __len__(self) -> int:
        pool, statements, _ = self.__dict__.get("_opened") or self._open()
        return sum(count for (count,) in pool.run(statements.count))

    def close(self) -> None:
        """Close the connections; using the stash opens them again.  One that
        another thread is using is closed when its statement is done.

        """
        opened = self.__dict__.pop("_opened", None)
        if opened is not None:
            opened.pool.close()

    @property
    def reach(self) -> Reach:
        return Reach.MACHINE

    def _make_beside(self, name: str) -> SqliteStash[Any]:
        return SqliteStash(
            self.path,
            table=f"{self.table}.beside.{name}",
            timeout=self.timeout,
            durability=self.durability,
            codec=JsonCodec(),
        )

    @contextmanager
    def lock(self, key: str, timeout: float | None = None) -> Iterator[None]:
        """Return a lock on a key, shared by all processes that use the table,
        kept in a folder beside the file while it is held.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        """
        # No table has a NUL in its name.
        path = key_lock_path(str(self.path), f"{self.table.lower()}\0{key}")
        with ExitStack() as stack:
            try:
                stack.enter_context(path_lock(path, timeout))
            except LockTimeoutError as e:
                raise LockTimeoutError(f"Key {key!r} of '{self.path}': {e}") from e
            yield

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> SqliteStash[V]:
        """Return the stash of a URL such as ``sqlite:///data/cache.db?table=models``;
        see :data:`.Opener`.

        """
        fields = url.read(
            table=table_name, timeout=seconds, durability=one_of("process", "fsync")
        )
        return cls(url.path, **fields, codec=codec)

    @property
    def url(self) -> StashURL:
        if type(self) is not SqliteStash:
            return super().url
        options: dict[str, object] = {
            "table": None if self.table == "stash" else self.table,
            "timeout": None if self.timeout == 60 else self.timeout,
            "durability": None if self.durability == "process" else self.durability,
        }
        return StashURL.of_path(
            "sqlite", self.path, options | codec_options(self.codec)
        )

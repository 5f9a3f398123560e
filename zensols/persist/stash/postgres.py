"""A stash that keeps its values in a table of a PostgreSQL database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic

from ..codec import Codec, JsonCodec
from ..domain import Reach, StashURL, V, chunks, codec_options, require_key
from ..error import PersistableError
from .postgresarray import ByteaArray
from .postgresconnection import SERVER_OPTIONS, PostgresServer
from .postgrestable import beside_table, key_columns, table_names
from .postgresuse import PostgresUse
from .server import server_reach
from .store import StoreStash

__all__ = ["PostgresStash"]

_BATCH: Final = 5000
"""How many keys one statement writes at most."""

_PAGE: Final = 1000
"""How many keys one statement reads at most."""

_BATCH_BYTES: Final = 1 << 23
"""When a statement has enough values, so that large ones go one by one."""

_LARGEST: Final = 1_000_000_000
"""How many bytes a value has at most, somewhat less than what a field can have."""

_TIMEOUT: Final = 10.0
_POOL_SIZE: Final = 4
_TABLE: Final = "stash"


@dataclass(repr=False)
class PostgresStash(StoreStash[V], Generic[V]):
    """Keeps each value in a row of a table, which is made when first written to.

    What a write has returned for survives the death of the server, as long as its
    ``synchronous_commit`` isn't turned off.  A connection that was lost, as by a
    restart of the server, is made anew once.

    Each write is a transaction of its own; of :meth:`dump_many` and
    :meth:`delete_many`, each 5,000 entries or some MiB are.  Keys are listed in
    pages, in the order of their UTF-8 bytes: what others add or delete meanwhile
    may be left out, the rest is there once.

    Safe to use from many threads, processes and machines at once.

    >>> stash = PostgresStash("postgresql://ann:secret@localhost:5432/data")
    >>> stash
    PostgresStash('postgresql://ann:***@localhost:5432/data', table='stash')

    """

    transaction: ClassVar[tuple[int, int]] = _BATCH, _BATCH_BYTES

    address: str
    """The URL of the database, as PostgreSQL's own programs take it:
    ``postgresql://user:password@host:5432/database``.
    """

    table: str = field(default=_TABLE, kw_only=True)
    """The table, which may follow a schema and a dot; made if there is none."""

    timeout: float = field(default=_TIMEOUT, kw_only=True)
    """How many seconds to wait for a connection (two at least), and for the server
    to get on with what it was asked.
    """

    pool_size: int = field(default=_POOL_SIZE, kw_only=True)
    """How many connections each process has at most, without the one that it has
    for its locks.
    """

    def __post_init__(self) -> None:
        # So that what is wrong shows at once.
        PostgresServer(self.address, self.timeout)
        table_names(self.table)
        if self.pool_size < 1:
            raise PersistableError(
                f"Pool size of {self!r} must be 1 or more, not {self.pool_size}"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_uses"}

    def __repr__(self) -> str:
        address = str(StashURL.parse(self.address))
        return f"{type(self).__name__}({address!r}, table={self.table!r})"

    @property
    def _kind(self) -> tuple[Any, ...]:
        return os.getpid(), self.address, self.table, self.timeout, self.pool_size

    @property
    def _use(self) -> PostgresUse:
        # What the parent of a forked process has, and what was used before a
        # field was set, stay as they are.
        uses = self.__dict__.setdefault("_uses", {})
        kind = self._kind
        use: PostgresUse | None = uses.get(kind)
        return (
            uses.setdefault(kind, PostgresUse(*self._kind[1:])) if use is None else use
        )

    def _execute(self, statement: bytes, *parameters: Any) -> list[tuple[Any, ...]]:
        # No table, no rows.
        return self._use.pool.execute(statement, parameters) or []

    def _write(self, statement: bytes, *parameters: Any) -> None:
        use = self._use
        if use.pool.execute(statement, parameters) is None:
            use.table.create(use.pool)
            if use.pool.execute(statement, parameters) is None:
                raise PersistableError(
                    f"The table of {self!r} was dropped while being written to"
                )

    def load_entry(self, name: str) -> bytes | None:
        rows = self._execute(self._use.table.load, _stored_key(name))
        return rows[0][0] if rows else None

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        statement = self._use.table.load_many
        for wanted in chunks(names, _PAGE):
            keys = wanted
            while keys:
                stored = _stored_keys(keys)
                done = len(keys)
                for number, entry in self._execute(statement, _BATCH_BYTES, stored):
                    if entry is None:
                        # There were enough before it.
                        done = number - 1
                        break
                    yield keys[number - 1], entry
                keys = keys[done:]

    def dump_entry(self, name: str, entry: bytes) -> None:
        key = str(name)
        self._check_size(key, entry)
        self._write(self._use.table.dump, *key_columns(key), entry)

    def dump_entries(self, entries: Iterable[tuple[str, bytes]]) -> None:
        batch: dict[str, bytes] = {}
        size = 0
        for name, entry in entries:
            key = str(name)
            self._check_size(key, entry)
            if batch and (len(batch) == _BATCH or size + len(entry) > _BATCH_BYTES):
                self._dump_batch(batch)
                batch, size = {}, 0
            batch[key] = entry
            size += len(entry)
        if batch:
            self._dump_batch(batch)

    def _dump_batch(self, batch: dict[str, bytes]) -> None:
        # All in one order, so that no two such writes wait for each other.
        rows = sorted((*key_columns(key), entry) for key, entry in batch.items())
        self._write(
            self._use.table.dump_many, *map(ByteaArray, zip(*rows, strict=True))
        )

    def change_entries(
        self, changes: Callable[[], Iterable[tuple[str, bytes | None]]]
    ) -> bool:
        self._use.change(changes)
        return True

    def _freeze(self, stack: ExitStack) -> PostgresStash[V]:
        use = stack.enter_context(self._use.frozen())
        frozen = copy(self)
        frozen.__dict__["_uses"] = {self._kind: use}
        return frozen

    def _check_size(self, key: str, entry: bytes) -> None:
        if len(entry) > _LARGEST:
            raise PersistableError(
                f"The value of {self.entry_source(key)} has {len(entry):,} bytes, but "
                f"PostgreSQL takes {_LARGEST:,} at most: compress it, or store it "
                "elsewhere"
            )

    def exists(self, name: str) -> bool:
        return bool(self._execute(self._use.table.exists, _stored_key(name)))

    def delete(self, name: str | None = None) -> None:
        key = str(require_key(self, name))
        self._execute(self._use.table.delete, _stored_key(key))

    def delete_many(self, names: Iterable[str]) -> None:
        statement = self._use.table.delete_many
        for keys in chunks(names, _BATCH):
            self._execute(statement, _stored_keys(keys))

    def clear(self) -> None:
        """Delete all values; the table stays."""
        self._execute(self._use.table.clear)

    def keys(self) -> Iterator[str]:
        """Return the keys, lazily and in the order of their UTF-8 bytes, but for
        those that are very long.

        """
        table = self._use.table
        # Rather than one long statement, which would keep a connection while
        # others are asked for, and end with it.
        rows = self._execute(table.first_keys, _PAGE)
        while rows:
            for stored, key in rows:
                yield table.to_key(stored, key)
            rows = self._execute(table.next_keys, rows[-1][0], _PAGE)

    def __len__(self) -> int:
        rows = self._execute(self._use.table.count)
        return int(rows[0][0]) if rows else 0

    @classmethod
    def open_url(cls, url: StashURL, codec: Codec | None) -> PostgresStash[V]:
        """Return the stash of a URL such as
        ``postgresql://user:password@host:5432/database?table=features``; see
        :data:`.Opener`.  It may have what else PostgreSQL takes in one, such as
        ``sslmode``.

        """
        own = {"table": str, "timeout": float, "pool_size": int}
        fields = url.read(**own, **dict.fromkeys(SERVER_OPTIONS, str))
        fields = {name: fields[name] for name in own if name in fields}
        return cls(url.without(*own).reveal(), **fields, codec=codec)

    @property
    def url(self) -> StashURL:
        if type(self) is not PostgresStash:
            return super().url
        options: dict[str, object] = {
            "table": None if self.table == _TABLE else self.table,
            "timeout": None if self.timeout == _TIMEOUT else self.timeout,
            "pool_size": None if self.pool_size == _POOL_SIZE else self.pool_size,
        }
        return StashURL.parse(self.address).extended(
            options | codec_options(self.codec)
        )

    @property
    def reach(self) -> Reach:
        return server_reach(self.address)

    def _make_beside(self, name: str) -> PostgresStash[Any]:
        return PostgresStash(
            self.address,
            table=beside_table(self.table, name),
            timeout=self.timeout,
            pool_size=1,
            codec=JsonCodec(),
        )

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a re-entrant lock on a key, shared by all that use the table by the
        same name in this database: an advisory lock of its server, which frees it
        when its owner dies.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        """
        name = f"zensols.persist {self.table}\0{key}"
        return self._use.locks.hold(name, f"key {str(key)!r} of {self!r}", timeout)

    def close(self) -> None:
        """Close the connections; using the stash makes new ones."""
        for (pid, *_), use in tuple(self.__dict__.get("_uses", {}).items()):
            if pid == os.getpid():
                use.close()


def _stored_key(key: str) -> bytes:
    return key_columns(str(key))[0]


def _stored_keys(keys: Iterable[str]) -> ByteaArray:
    return ByteaArray(map(_stored_key, keys))

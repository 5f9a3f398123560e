"""Writing many entries to a table of a SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from ..domain import chunks
from .sqlitepool import SqlitePool
from .sqlitestatements import SqliteStatements

if TYPE_CHECKING:
    from sqlite3 import Cursor

__all__ = ["WRITE", "WRITE_BYTES", "change_entries", "dump_entries", "to_key"]

WRITE: Final = 1000
"""How many entries one transaction writes or deletes at most."""

WRITE_BYTES: Final = 1 << 22
"""Bytes after which a transaction ends, too."""

_CHANGE: Final = 100
"""How many entries are in memory at once in a transaction that takes them all."""


def to_key(name: str) -> bytearray:
    """Return a stash's key as its table has it.

    :param name: the key

    """
    # Which sqlite3 takes as it is, while it tries to adapt bytes first.
    return bytearray(name, "utf-8", "surrogatepass")


def dump_entries(
    pool: SqlitePool, statements: SqliteStatements, entries: Iterable[tuple[str, bytes]]
) -> None:
    """Store entries, in transactions that are not too large.

    :param pool: runs statements

    :param statements: those on the table

    :param entries: pairs of keys and entries

    :raises PersistableError: if one can't be stored

    """
    rows: list[tuple[bytearray, bytes]] = []
    size = 0
    for name, entry in entries:
        rows.append((to_key(name), entry))
        size += len(entry)
        if len(rows) == WRITE or size > WRITE_BYTES:
            pool.run_many(statements.dump, rows, True)
            rows, size = [], 0
    if rows:
        pool.run_many(statements.dump, rows, True)


def change_entries(
    pool: SqlitePool,
    statements: SqliteStatements,
    changes: Callable[[], Iterable[tuple[str, bytes | None]]],
) -> None:
    """Store and delete entries in one transaction.

    :param pool: runs statements

    :param statements: those on the table

    :param changes: returns pairs of keys and entries, or None for those to delete

    :raises PersistableError: if that fails; nothing has changed then

    """

    def change(cursor: Cursor) -> None:
        for some in chunks(changes(), _CHANGE):
            cursor.executemany(
                statements.dump,
                [(to_key(name), entry) for name, entry in some if entry is not None],
            )
            cursor.executemany(
                statements.delete,
                [(to_key(name),) for name, entry in some if entry is None],
            )

    pool.transact(change)

"""A SQLite file as it is at one time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ..error import PersistableError
from .sqlitefile import SqliteFile
from .sqlitepool import SqlitePool

if TYPE_CHECKING:
    from sqlite3 import Cursor

__all__ = ["FrozenPool", "freeze"]

T = TypeVar("T")


class FrozenPool(SqlitePool):
    """Runs statements that read in one transaction, and so on one connection: for
    one thread.

    """

    def __init__(self, file: SqliteFile, cursor: Cursor) -> None:
        """
        :param file: what is read

        :param cursor: of a transaction that has begun

        """
        self._file = file
        self._cursor = cursor

    def run(
        self, statement: str, parameters: Sequence[Any] = (), create: bool = False
    ) -> list[Any]:
        try:
            return self._cursor.execute(statement, parameters).fetchall()
        except Exception as e:
            ours = self._file.translate(e)
            raise ours or e from e

    def transact(self, use: Callable[[Cursor], T]) -> T:
        raise PersistableError(
            f"Can't write to '{self._file.path}' by what shows it as it was"
        )

    def close(self) -> None:
        """Do nothing: the connection is that of the transaction."""


@contextmanager
def freeze(pool: SqlitePool) -> Iterator[FrozenPool]:
    """Show a file as it is now while the ``with`` block runs, whatever is written to
    it meanwhile.

    :param pool: has the connections

    :raises PersistableError: as :meth:`.SqlitePool.run` does

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "data.db")
    >>> table = "CREATE TABLE IF NOT EXISTS t (n)"
    >>> pool = SqlitePool(SqliteFile(path, table, 60, "NORMAL"))
    >>> with freeze(pool) as frozen:
    ...     pool.run_many("INSERT INTO t VALUES (?)", [(1,)])
    ...     frozen.run("SELECT n FROM t"), pool.run("SELECT n FROM t")
    ([], [(1,)])
    >>> pool.close()

    """
    with pool.cursor() as cursor:
        cursor.execute("PRAGMA query_only = 1")
        cursor.execute("BEGIN")
        # The first that is read begins it.
        cursor.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield FrozenPool(pool.file, cursor)
        cursor.execute("COMMIT")
        cursor.execute("PRAGMA query_only = 0")

"""Records in PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..domain import StashURL
from ..stash.postgresconnection import PostgresServer
from ..stash.postgrespool import PostgresPool, has_rows
from .postgreswork import PostgresWork
from .steps import Steps, drive

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["PostgresRecords"]


class PostgresRecords:
    """Keeps records in two tables of a PostgreSQL database; has the methods of
    :class:`.Records`.

    Safe to use from many threads and processes at once, and across forks.

    >>> records = PostgresRecords("postgresql://localhost/data", "states", 10, 4)
    >>> records.close()

    """

    def __init__(self, address: str, table: str, timeout: float, size: int) -> None:
        """
        :param address: the URL of the database

        :param table: the name of the table of records, and what those of the others
                      begin with

        :param timeout: how many seconds to wait for the server

        :param size: how many connections each process has at most

        :raises PersistableError: if one of these is wrong

        """
        self._arguments = address, table, timeout, size
        self._server = PostgresServer(address, timeout)
        self._work = PostgresWork(str(StashURL.parse(address)), table)
        self._size = size
        self._pools: dict[int, PostgresPool] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._work, name)

        def call(*arguments: Any) -> Any:
            return drive(method(*arguments), self)

        return call

    @property
    def _pool(self) -> PostgresPool:
        # That of a forked process's parent stays as it is.
        pool = self._pools.get(os.getpid())
        if pool is None:
            pool = PostgresPool(self._server, self._size)
            pool = self._pools.setdefault(os.getpid(), pool)
        return pool

    def run(self, statement: bytes, parameters: Sequence[Any]) -> list[Any] | None:
        """Carry out a step of :class:`.PostgresWork`.

        :param statement: the SQL

        :param parameters: what it has placeholders for

        """
        return self._pool.execute(statement, parameters)

    def transact(self, use: Callable[[], Steps[Any]]) -> Any:
        """Carry out steps of :class:`.PostgresWork` in one transaction.

        :param use: returns the steps

        """

        def work(connection: Connection) -> Any:
            with connection.transaction():
                return drive(use(), _Transaction(connection))

        return self._pool.use(work)

    def close(self) -> None:
        """Close the connections; using it makes new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()


class _Transaction:
    """Carries out the statements of a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, statement: bytes, parameters: Sequence[Any]) -> list[Any]:
        cursor = self._connection.execute(statement, parameters, binary=True)
        return cursor.fetchall() if has_rows(cursor) else []

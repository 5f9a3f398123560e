"""Records in PostgreSQL, for coroutines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..domain import StashURL
from ..stash.postgresconnection import PostgresServer
from ..stash.postgrespool import has_rows
from .asyncpostgrespool import AsyncPostgresPool
from .postgreswork import PostgresWork
from .steps import Steps, drive_async

if TYPE_CHECKING:
    from psycopg import AsyncConnection

__all__ = ["AsyncPostgresRecords"]


class AsyncPostgresRecords:
    """What :class:`.PostgresRecords` is, with coroutines.

    For those of one event loop at a time.

    >>> import asyncio
    >>> records = AsyncPostgresRecords("postgresql://localhost/data", "states", 10, 4)
    >>> asyncio.run(records.close())

    """

    def __init__(self, address: str, table: str, timeout: float, size: int) -> None:
        """
        :param address: as for :class:`.PostgresRecords`, like all that follow

        """
        self._arguments = address, table, timeout, size
        self._work = PostgresWork(str(StashURL.parse(address)), table)
        self._pool = AsyncPostgresPool(PostgresServer(address, timeout), size)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._work, name)

        async def call(*arguments: Any) -> Any:
            return await drive_async(method(*arguments), self)

        return call

    async def run(
        self, statement: bytes, parameters: Sequence[Any]
    ) -> list[Any] | None:
        """Carry out a step of :class:`.PostgresWork`.

        :param statement: the SQL

        :param parameters: what it has placeholders for

        """
        return await self._pool.use(partial(_run, statement, parameters))

    async def transact(self, use: Callable[[], Steps[Any]]) -> Any:
        """Carry out steps of :class:`.PostgresWork` in one transaction.

        :param use: returns the steps

        """

        async def work(connection: AsyncConnection) -> Any:
            async with connection.transaction():
                return await drive_async(use(), _Transaction(connection))

        return await self._pool.use(work)

    async def close(self) -> None:
        """Close the connections; using it makes new ones."""
        await self._pool.close()


class _Transaction:
    """Carries out the statements of a transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def run(self, statement: bytes, parameters: Sequence[Any]) -> list[Any]:
        return await _run(statement, parameters, self._connection)


async def _run(
    statement: bytes, parameters: Sequence[Any], connection: AsyncConnection
) -> list[Any]:
    cursor = await connection.execute(statement, parameters, binary=True)
    return await cursor.fetchall() if has_rows(cursor) else []

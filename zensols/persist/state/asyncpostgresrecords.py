"""Records in PostgreSQL, for coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..domain import StashURL
from ..error import PersistableError
from ..stash.postgresconnection import PostgresServer
from ..stash.postgrespool import has_rows
from .asyncbatches import AsyncBatches
from .asyncpostgrespool import AsyncPostgresPool
from .postgresbatches import Batch, batches_of
from .postgresstatements import PostgresStatements
from .postgreswork import PostgresWork
from .steps import Steps, drive_async

if TYPE_CHECKING:
    from psycopg import AsyncConnection

__all__ = ["AsyncPostgresRecords"]

Parameters = Sequence[Any] | Mapping[str, Any]

_BATCH: Final = 16
"""How many states are found, or saved, at once at most."""

_BATCHES: Final = 2
"""How often at one time: so the server works on one while the next is made ready."""

_LARGE: Final = 1 << 16
"""How many bytes a state has that is saved alone."""


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
        server, few = PostgresServer(address, timeout), min(size, _BATCHES)
        # Connections are taken in turn, and what a server's process has just done, it
        # does much faster again: so batches have few of their own.
        self._few = self._pool = AsyncPostgresPool(server, few)
        if size > few:
            self._pool = AsyncPostgresPool(server, size - few)
        self._batches = {
            statement: AsyncBatches(
                partial(self._run_batch, statement, batch), _BATCH, few
            )
            for statement, batch in batches_of(PostgresStatements(table)).items()
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._work, name)

        def call(*arguments: Any) -> Awaitable[Any]:
            return drive_async(method(*arguments), self)

        # Found at once from now on.
        self.__dict__[name] = call
        return call

    def run(
        self, statement: bytes, parameters: Sequence[Any]
    ) -> Awaitable[list[Any] | None]:
        """Carry out a step of :class:`.PostgresWork`.

        :param statement: the SQL

        :param parameters: what it has placeholders for

        """
        batches = self._batches.get(statement)
        if batches is None or _is_large(parameters):
            return self._run_one(self._pool, statement, parameters)
        return batches.ask(parameters)

    def _run_one(
        self, pool: AsyncPostgresPool, statement: bytes, parameters: Parameters
    ) -> Awaitable[list[Any] | None]:
        return pool.use(partial(_run, statement, parameters))

    async def _run_batch(
        self, statement: bytes, batch: Batch, requests: list[Sequence[Any]]
    ) -> list[Any]:
        if len(requests) > 1:
            try:
                parameters = batch.parameters(requests)
                rows = await self._run_one(self._few, batch.statement, parameters)
            except (PersistableError, ValueError) as e:
                if not _is_of_one(e):
                    raise
            else:
                return _answers(rows, len(requests))
        alone = [self._run_one(self._few, statement, one) for one in requests]
        answers: list[Any] = await asyncio.gather(*alone, return_exceptions=True)
        return answers

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
        await asyncio.gather(self._few.close(), self._pool.close())


class _Transaction:
    """Carries out the statements of a transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def run(self, statement: bytes, parameters: Sequence[Any]) -> list[Any]:
        return await _run(statement, parameters, self._connection)


def _is_large(parameters: Sequence[Any]) -> bool:
    last = parameters[-2:]
    return any(isinstance(p, bytes) and len(p) > _LARGE for p in last)


def _is_of_one(error: Exception) -> bool:
    """Whether a statement for many may have failed for what one of them asked."""
    if isinstance(error, PersistableError):
        return getattr(error.__cause__, "sqlstate", None) is not None
    # What can't be encoded.
    return True


def _answers(rows: list[Any] | None, count: int) -> list[Any]:
    if rows is None:
        return [None] * count
    answers: list[list[Any]] = [[] for _ in range(count)]
    for row in rows:
        answers[row[0] - 1].append(row[1:])
    return answers


async def _run(
    statement: bytes, parameters: Parameters, connection: AsyncConnection
) -> list[Any]:
    cursor = await connection.execute(statement, parameters, binary=True)
    return await cursor.fetchall() if has_rows(cursor) else []

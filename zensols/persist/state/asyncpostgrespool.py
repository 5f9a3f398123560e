"""Connections to PostgreSQL that coroutines share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from ..error import PersistableError
from ..stash.postgresconnection import (
    PostgresServer,
    leave_to_parent,
    require_psycopg,
    watch,
)
from ..stash.postgrespool import RepeatableError, all_in_use, failure

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    Opening = asyncio.Task[AsyncConnectionPool[AsyncConnection]]

__all__ = ["AsyncPostgresPool"]

T = TypeVar("T")


class AsyncPostgresPool:
    """What :class:`.PostgresPool` is, for coroutines.

    For those of one event loop at a time; not for both a process and its forked
    child.

    """

    def __init__(self, server: PostgresServer, size: int) -> None:
        """
        :param server: says what to connect to

        :param size: how many connections there are at most

        """
        self._server = server
        self._size = size
        self._opening: Opening | None = None
        self._connections: WeakSet[AsyncConnection] = WeakSet()

    async def use(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T | None:
        """Return what a coroutine does with a connection, or None if it needs a table
        that doesn't exist.

        :param work: called with a connection on which each statement commits; once
                     more if it was lost

        :raises StoreUnavailableError: if the server can't be reached, doesn't
                                       answer in time, or refuses

        :raises PersistableError: if a statement can't be executed

        """
        try:
            return await self._attempt(work)
        except RepeatableError:
            pass
        try:
            return await self._attempt(work)
        except RepeatableError as e:
            raise self._server.unavailable(e.reason) from e.reason

    async def _attempt(
        self, work: Callable[[AsyncConnection], Awaitable[T]]
    ) -> T | None:
        opening, connection = await self._take()
        pool = opening.result()
        from psycopg import Error, errors

        try:
            return await work(connection)
        except errors.UndefinedTable:
            return None
        except Error as e:
            if connection.closed and self._opening is opening:
                # The other ones are likely to be lost as well.
                self._opening = None
                await pool.close()
            raise failure(self._server, e, connection.closed) from e
        finally:
            await pool.putconn(connection)

    async def _take(self) -> tuple[Opening, AsyncConnection]:
        while True:
            opening = self._opened()
            # All that wait for it need it, even if one of them is cancelled.
            pool = opening.result() if opening.done() else await asyncio.shield(opening)
            from psycopg_pool import PoolClosed, PoolTimeout

            try:
                return opening, await pool.getconn()
            except PoolClosed as e:
                # By another coroutine, maybe again and again; nothing was done yet.
                if self._opening is opening:
                    raise RepeatableError(e) from e
            except PoolTimeout as e:
                raise all_in_use(self._server, e, self._size) from e

    def _opened(self) -> Opening:
        loop, opening = asyncio.get_running_loop(), self._opening
        if opening is not None and opening.get_loop() is not loop:
            self._leave(opening)
            opening = None
        if opening is None or (opening.done() and _failed(opening)):
            opening = self._opening = loop.create_task(self._open())
        return opening

    def _leave(self, opening: Opening) -> None:
        """Give up what another event loop had, if it has ended."""
        if not opening.get_loop().is_closed():
            raise PersistableError(
                f"{self._server!r} is in use by another event loop: make a persister "
                f"for each, or clean it up in the other one"
            )
        self._opening = None
        for connection in tuple(self._connections):
            connection.pgconn.finish()

    async def _open(self) -> AsyncConnectionPool[AsyncConnection]:
        kind, settings = self._connection_class(), self._server.settings()
        from psycopg import OperationalError
        from psycopg_pool import AsyncConnectionPool

        # The pool would try for long, and not tell what is wrong.
        try:
            connection = await kind.connect(self._server.address, **settings)
        except OperationalError as e:
            raise self._server.unavailable(e) from e
        await connection.close()
        pool = AsyncConnectionPool(
            self._server.address,
            connection_class=kind,
            kwargs=settings,
            min_size=0,
            max_size=self._size,
            timeout=self._server.timeout,
            reconnect_timeout=self._server.timeout,
            num_workers=1,
            open=False,
        )
        await pool.open()
        return pool

    def _connection_class(self) -> type[AsyncConnection]:
        require_psycopg()
        from psycopg import AsyncConnection, errors

        seconds, connections = self._server.timeout, self._connections

        class WatchedConnection(AsyncConnection):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self._maker = os.getpid()
                leave_to_parent(self)
                connections.add(self)

            def __del__(self, *args: Any) -> None:
                # What a parent has open is not for its child to close.
                if getattr(self, "_maker", None) == os.getpid():
                    super().__del__(*args)

            async def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
                try:
                    return await super().wait(watch(gen, seconds), *args, **kwargs)
                except errors.ConnectionTimeout:
                    # The answer may still come, and would be taken for that to
                    # the next statement.
                    await self.close()
                    raise

        return WatchedConnection

    async def close(self) -> None:
        """Close the connections, those in use afterwards; using it makes new ones."""
        opening = self._opening
        if opening is None:
            return
        if opening.get_loop() is not asyncio.get_running_loop():
            self._leave(opening)
            return
        self._opening = None
        await asyncio.wait([opening])
        if not _failed(opening):
            await opening.result().close()


def _failed(opening: Opening) -> bool:
    return opening.cancelled() or opening.exception() is not None

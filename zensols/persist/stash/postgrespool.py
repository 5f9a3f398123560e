"""Statements over a few connections to PostgreSQL that threads share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .leftovers import close_now, close_when_collected
from .postgresconnection import PostgresServer

if TYPE_CHECKING:
    from weakref import finalize

    from psycopg import Connection, Error
    from psycopg_pool import ConnectionPool

__all__ = ["PostgresPool", "RepeatableError", "all_in_use", "failure", "has_rows"]

T = TypeVar("T")


class PostgresPool:
    """Executes statements, each a transaction of its own, over at most a number of
    connections.  They are made when needed, and closed at the end of the process
    if not before.

    Where a connection turns out to be lost, the statement is executed once more,
    so it has to be one that does no harm the second time.  Threads can share
    this, but not a process and its forked child.

    """

    def __init__(self, server: PostgresServer, size: int) -> None:
        """
        :param server: makes the connections

        :param size: how many connections there are at most

        """
        self._server = server
        self._size = size
        self._guard = threading.Lock()
        self._pool: ConnectionPool[Connection] | None = None
        self._finalizer: finalize[..., Any] | None = None

    def execute(
        self, statement: bytes, parameters: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]] | None:
        """Return the rows that a statement gives, or None if its table doesn't
        exist.

        :param statement: the SQL

        :param parameters: what it has placeholders for

        :raises StoreUnavailableError: if the server can't be reached, doesn't
                                       answer in time, or refuses

        :raises PersistableError: if the statement can't be executed

        """
        return self.use(partial(_execute, statement, parameters))

    def use(self, work: Callable[[Connection], T]) -> T | None:
        """Return what a function does with a connection, or None if it needs a
        table that doesn't exist.

        :param work: called with a connection on which each statement commits; once
                     more if it was lost

        :raises PersistableError: as :meth:`execute` does

        """
        try:
            return self._attempt(work)
        except RepeatableError:
            pass
        try:
            return self._attempt(work)
        except RepeatableError as e:
            raise self._server.unavailable(e.reason) from e.reason

    def _attempt(self, work: Callable[[Connection], T]) -> T | None:
        pool, connection = self._take()
        from psycopg import Error, errors

        try:
            return work(connection)
        except errors.UndefinedTable:
            return None
        except Error as e:
            if connection.closed:
                # The other ones are likely to be lost as well.
                self._discard(pool)
            raise failure(self._server, e, connection.closed) from e
        finally:
            pool.putconn(connection)

    def _take(self) -> tuple[ConnectionPool[Connection], Connection]:
        while True:
            pool = self._opened()
            from psycopg_pool import PoolClosed, PoolTimeout

            try:
                return pool, pool.getconn()
            except PoolClosed as e:
                # By another thread, maybe again and again; nothing was done yet.
                if self._pool is pool:
                    raise RepeatableError(e) from e
            except PoolTimeout as e:
                raise all_in_use(self._server, e, self._size) from e

    def _opened(self) -> ConnectionPool[Connection]:
        pool = self._pool
        if pool is None:
            with self._guard:
                pool = self._pool
                if pool is None:
                    pool = self._pool = self._open()
        return pool

    def _open(self) -> ConnectionPool[Connection]:
        # The pool's threads would try for long, and not tell what is wrong.
        self._server.connect().close()
        pool = _pool_class()(
            self._server.address,
            connection_class=self._server.connection_class(),
            kwargs=self._server.settings(),
            min_size=0,
            max_size=self._size,
            timeout=self._server.timeout,
            reconnect_timeout=self._server.timeout,
            num_workers=1,
            open=True,
        )
        # While its threads can still be joined, which the pool's own __del__ may be
        # too late for.
        self._finalizer = close_when_collected(self, pool.close)
        return pool

    def _discard(self, pool: ConnectionPool[Connection]) -> None:
        with self._guard:
            if self._pool is not pool:
                return
            finalizer, self._pool, self._finalizer = self._finalizer, None, None
        if finalizer is not None:
            close_now(finalizer)

    def close(self) -> None:
        """Close the connections, those in use afterwards.  The next statement makes
        new ones.

        """
        pool = self._pool
        if pool is not None:
            self._discard(pool)


def _pool_class() -> type[ConnectionPool[Connection]]:
    from psycopg_pool import ConnectionPool

    class Pool(ConnectionPool[Any]):
        def _get_ready_connection(self, timeout: float | None) -> Any:
            # Under its lock, before which it may have been closed since it was
            # looked at, and who queues up then would wait for nobody.
            self._check_open_getconn()
            return super()._get_ready_connection(timeout)

    return Pool


def _execute(
    statement: bytes, parameters: Sequence[Any], connection: Connection
) -> list[tuple[Any, ...]]:
    cursor = connection.execute(statement, parameters, binary=True)
    return cursor.fetchall() if has_rows(cursor) else []


def has_rows(cursor: Any) -> bool:
    """Return whether a statement is one that gives rows.

    :param cursor: the driver's, on which it was executed

    """
    # The driver's description makes an object for each column.
    return cursor.pgresult is not None and cursor.pgresult.nfields > 0


class RepeatableError(Exception):
    """Of what may do better the second time."""

    def __init__(self, reason: Exception) -> None:
        """
        :param reason: what the driver raised

        """
        super().__init__()
        self.reason = reason


def all_in_use(server: PostgresServer, error: Exception, size: int) -> Exception:
    """Return the error for a pool none of whose connections became free.

    :param server: where they are to

    :param error: what the driver raised

    :param size: how many there are

    """
    return server.unavailable(
        error,
        f"none of {size} connections became free; give it a larger pool_size or "
        "timeout",
    )


def failure(server: PostgresServer, error: Error, lost: bool) -> Exception:
    """Return what to raise for an error of the driver.

    :param server: what was asked

    :param error: what the driver raised

    :param lost: whether the connection is closed

    """
    from psycopg import OperationalError, errors

    if not isinstance(error, OperationalError):
        return server.refused(error)
    is_passing = isinstance(
        error, errors.DeadlockDetected | errors.SerializationFailure
    )
    if is_passing or (lost and not isinstance(error, errors.ConnectionTimeout)):
        return RepeatableError(error)
    return server.unavailable(error)

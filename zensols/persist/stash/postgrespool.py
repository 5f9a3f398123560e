"""Statements over a few connections to PostgreSQL that threads share."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .postgresconnection import PostgresServer

if TYPE_CHECKING:
    from psycopg import Connection, OperationalError
    from psycopg_pool import ConnectionPool

__all__ = ["PostgresPool"]


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
        self._finalizer: weakref.finalize[..., Any] | None = None

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
        try:
            return self._attempt(statement, parameters)
        except _RepeatableError:
            pass
        try:
            return self._attempt(statement, parameters)
        except _RepeatableError as e:
            raise self._server.unavailable(e.reason) from e.reason

    def _attempt(
        self, statement: bytes, parameters: Sequence[Any]
    ) -> list[tuple[Any, ...]] | None:
        pool = self._opened()
        from psycopg import Error, OperationalError, errors
        from psycopg_pool import PoolClosed, PoolTimeout

        try:
            connection = pool.getconn()
        except PoolClosed as e:
            # By another thread.
            raise _RepeatableError(e) from e
        except PoolTimeout as e:
            raise self._server.unavailable(
                e,
                f"none of {self._size} connections became free; give it a larger "
                "pool_size or timeout",
            ) from e
        try:
            cursor = connection.execute(statement, parameters, binary=True)
            return cursor.fetchall() if cursor.description else []
        except errors.UndefinedTable:
            return None
        except OperationalError as e:
            if connection.closed:
                # The other ones are likely to be lost as well.
                self._discard(pool)
            if _is_repeatable(e, connection):
                raise _RepeatableError(e) from e
            raise self._server.unavailable(e) from e
        except Error as e:
            raise self._server.refused(e) from e
        finally:
            pool.putconn(connection)

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
        from psycopg_pool import ConnectionPool

        pool = ConnectionPool(
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
        self._finalizer = weakref.finalize(self, _close, pool, os.getpid())
        return pool

    def _discard(self, pool: ConnectionPool[Connection]) -> None:
        with self._guard:
            if self._pool is not pool:
                return
            finalizer, self._pool, self._finalizer = self._finalizer, None, None
        if finalizer is not None:
            finalizer()

    def close(self) -> None:
        """Close the connections, those in use afterwards.  The next statement makes
        new ones.

        """
        pool = self._pool
        if pool is not None:
            self._discard(pool)


def _close(pool: ConnectionPool[Connection], pid: int) -> None:
    if pid == os.getpid():
        pool.close()


class _RepeatableError(Exception):
    """Of a statement that may do better the second time."""

    def __init__(self, reason: Exception) -> None:
        super().__init__()
        self.reason = reason


def _is_repeatable(error: OperationalError, connection: Connection) -> bool:
    from psycopg import errors

    if isinstance(error, errors.ConnectionTimeout):
        return False
    return connection.closed or isinstance(
        error, (errors.DeadlockDetected, errors.SerializationFailure)
    )

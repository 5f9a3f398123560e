"""Tables of PostgreSQL as they are at one time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from .postgresconnection import PostgresServer
from .postgrespool import PostgresPool, failure

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = ["FrozenPool", "freeze"]

T = TypeVar("T")

_BEGIN = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class FrozenPool(PostgresPool):
    """Executes statements that read in one transaction, and so on one connection:
    for one thread.

    """

    def __init__(self, server: PostgresServer, connection: Connection) -> None:
        """
        :param server: where the connection is to

        :param connection: one on which a transaction has begun

        """
        self._server = server
        self._connection = connection

    def use(self, work: Callable[[Connection], T]) -> T | None:
        from psycopg import Error, errors

        try:
            with self._connection.transaction():
                return work(self._connection)
        except errors.UndefinedTable:
            return None
        except Error as e:
            # It can't be tried again: another connection would show something else.
            if self._connection.closed:
                raise self._server.unavailable(e) from e
            raise failure(self._server, e, False) from e

    def close(self) -> None:
        """Do nothing: the connection is that of the transaction."""


@contextmanager
def freeze(server: PostgresServer) -> Iterator[FrozenPool]:
    """Show all tables as they are now while the ``with`` block runs, on a connection
    of its own.

    :param server: makes the connection

    :raises StoreUnavailableError: if the server can't be reached, or refuses

    """
    connection = server.connect()
    try:
        connection.execute(_BEGIN)
        # The first that is read begins it.
        connection.execute(b"SELECT 1")
        yield FrozenPool(server, connection)
    finally:
        connection.close()

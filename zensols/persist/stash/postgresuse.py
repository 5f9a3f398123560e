"""What one process has open of a table in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial

from ..error import PersistableError
from .postgresconnection import PostgresServer
from .postgresfrozen import freeze
from .postgreslock import PostgresLocks
from .postgrespool import PostgresPool
from .postgrestable import PostgresTable

__all__ = ["PostgresUse"]


class PostgresUse:
    """The connections of one process to a server, for a table.

    Safe to use from several threads.

    """

    def __init__(self, address: str, table: str, timeout: float, size: int) -> None:
        """
        :param address: the URL of the database

        :param table: the name of the table

        :param timeout: how many seconds to wait for the server

        :param size: how many connections there are at most, without those for locks

        """
        self._server = PostgresServer(address, timeout)
        self.table = PostgresTable(table)
        """The statements."""
        self.pool = PostgresPool(self._server, size)
        """Executes them."""
        self.locks = PostgresLocks(self._server)
        """The locks."""

    def change(self, changes: Callable[[], Iterable[tuple[str, bytes | None]]]) -> None:
        """Store and delete entries in one transaction, in a table that is made if
        there is none.

        :param changes: returns pairs of keys and entries, or None for those to delete

        :raises PersistableError: if that fails; nothing has changed then

        """
        work = partial(self.table.change, changes)
        if self.pool.use(work) is None:
            self.table.create(self.pool)
            if self.pool.use(work) is None:
                raise PersistableError(
                    f"Table {self.table.name!r} was dropped while being written to"
                )

    @contextmanager
    def frozen(self) -> Iterator[PostgresUse]:
        """Show the table as it is now while the ``with`` block runs, to one thread.

        :raises StoreUnavailableError: if the server can't be reached, or refuses

        """
        use = copy(self)
        with freeze(self._server) as use.pool:
            yield use

    def close(self) -> None:
        """Close the connections."""
        self.pool.close()
        self.locks.close()

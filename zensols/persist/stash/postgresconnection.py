"""Connections to PostgreSQL that neither wait for ever nor are shared with a forked
child.

"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Generator
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from ..domain import StashURL
from ..error import PersistableError, StoreUnavailableError
from .postgresarray import register_arrays

if TYPE_CHECKING:
    from psycopg import Connection

__all__ = [
    "SERVER_OPTIONS",
    "PostgresServer",
    "leave_to_parent",
    "require_psycopg",
    "watch",
]

_SCHEMES: Final = ("postgresql", "postgres")

SERVER_OPTIONS: Final = (
    "application_name channel_binding dbname gssencmode host hostaddr "
    "load_balance_hosts options passfile password port require_auth service sslcert "
    "sslcrl sslkey sslmode sslrootcert target_session_attrs user"
).split()
"""What libpq takes in the query of a URL."""


def require_psycopg() -> None:
    """Import the driver.

    :raises PersistableError: if it is not installed

    """
    try:
        import psycopg  # noqa: F401
        import psycopg_pool  # noqa: F401
    except ImportError as e:
        raise PersistableError(
            "PostgreSQL needs a package that is not installed: run pip install "
            f"'zensols.persist[postgres]' ({e})"
        ) from e


class PostgresServer:
    """A database on a server, to which it makes connections.

    Threads can share it, and a forked child can use its own copy.

    >>> PostgresServer("postgresql://ann:secret@localhost:5432/data", timeout=10)
    PostgresServer('postgresql://ann:***@localhost:5432/data')

    """

    def __init__(self, address: str, timeout: float) -> None:
        """
        :param address: the URL of the database, in the terms of libpq

        :param timeout: how many seconds to wait for the server

        :raises PersistableError: if the address is wrong, or the timeout not
                                  positive

        """
        self.address = address
        self.timeout = timeout
        self._url = StashURL.parse(address)
        if self._url.scheme not in _SCHEMES or not self._url.location.startswith("//"):
            raise self._url.wrong("write postgresql://user:password@host:5432/database")
        if not 0 < timeout < math.inf:
            raise self._url.wrong(
                f"timeout is {timeout!r}: give a number of seconds above 0"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._url)!r})"

    def connect(self) -> Connection:
        """Return a new connection, on which each statement commits.

        :raises StoreUnavailableError: if the server can't be reached, or refuses

        :raises PersistableError: if the driver is not installed, or the address
                                  wrong

        """
        connection_class, settings = self.connection_class(), self.settings()
        from psycopg import OperationalError

        try:
            return connection_class.connect(self.address, **settings)
        except OperationalError as e:
            raise self.unavailable(e) from e

    def connection_class(self) -> type[Connection]:
        """Return the class of a connection that waits no longer than the timeout.

        :raises PersistableError: if the driver is not installed

        """
        require_psycopg()
        from psycopg import Connection, errors

        seconds = self.timeout

        class WatchedConnection(Connection):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self._maker = os.getpid()
                register_arrays(self)
                leave_to_parent(self)

            def __del__(self, *args: Any) -> None:
                # What a parent has open is not for its child to close.
                if getattr(self, "_maker", None) == os.getpid():
                    super().__del__(*args)

            def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
                try:
                    return super().wait(watch(gen, seconds), *args, **kwargs)
                except errors.ConnectionTimeout:
                    # The answer may still come, and would be taken for that to
                    # the next statement.
                    self.close()
                    raise

        return WatchedConnection

    def settings(self) -> dict[str, Any]:
        """Return the arguments that connections are made with beside the address.

        :raises PersistableError: if the address is wrong

        """
        from psycopg import ProgrammingError, conninfo

        try:
            given = conninfo.conninfo_to_dict(self.address)
        except ProgrammingError as e:
            # The driver's text may have a part of the password.
            detail = "" if self._has_secret else f" ({_one_line(e)})"
            raise self._url.wrong(
                "write postgresql://user:password@host:5432/database and percent-encode "
                f"what else has a meaning in URLs{detail}"
            ) from None
        if "@" in str(given.get("host", "")):
            raise self._url.wrong(
                "it has more than one '@': write %40 for one in the user or password"
            )
        ports = str(given.get("port", "")).replace(",", "")
        if ports and not (ports.isascii() and ports.isdigit()):
            # Maybe a part of a password that has a slash.
            raise self._url.wrong(
                "the port is no number: write postgresql://user:password@host:5432/"
                "database and %2F for a slash in the password"
            )
        settings: dict[str, Any] = {
            # Whole seconds, of which the driver gives it at least two.
            "connect_timeout": math.ceil(self.timeout),
            "client_encoding": "UTF8",
            # Tells others who has a lock.
            "application_name": f"process {os.getpid()} of {socket.gethostname()}"[:63],
        }
        settings = {k: v for k, v in settings.items() if k not in given}
        return {**settings, "autocommit": True}

    @property
    def _has_secret(self) -> bool:
        return str(self._url) != self._url.reveal()

    def unavailable(
        self, error: Exception, check: str | None = None
    ) -> StoreUnavailableError:
        """Return the error for a server that can't be used.

        :param error: what the driver raised

        :param check: what to check, by default what the error suggests

        """
        from psycopg import errors

        if isinstance(error, errors.ConnectionTimeout):
            check = (
                f"it didn't answer within {self.timeout} seconds; check host, port and "
                "load, or give it a longer timeout"
            )
        elif check is None and getattr(error, "sqlstate", None) is None:
            check = "check that it runs, host, port, database, user and password"
        elif check is None:
            check = "it refuses"
        return StoreUnavailableError(
            f"Can't use PostgreSQL at {self._url}: {check} ({_one_line(error)})"
        )

    def refused(self, error: Exception) -> PersistableError:
        """Return the error for a statement that the server doesn't execute.

        :param error: what the driver raised

        """
        return PersistableError(
            f"PostgreSQL at {self._url} refuses: {_one_line(error)}"
        )


_open: Final[WeakSet[Any]] = WeakSet()
"""The connections of this process."""


def leave_to_parent(connection: Any) -> None:
    """Have forked children neither keep a connection open nor end it.

    :param connection: one of this process

    """
    _open.add(connection)


def _let_go() -> None:
    # A child that kept its parent's sockets open would keep its locks too, even
    # after the parent's death, and closing one properly would end the session.
    nowhere = os.open(os.devnull, os.O_RDWR)
    try:
        for connection in tuple(_open):
            if not connection.closed:
                os.dup2(nowhere, connection.fileno(), inheritable=False)
    finally:
        os.close(nowhere)
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def watch(generator: Any, seconds: float) -> Generator[Any, Any, Any]:
    """Do as a generator of the driver does, but raise an error if it waits for
    the server for too long without getting on.

    :param generator: what waits for the server

    :param seconds: how long that may take

    """
    from psycopg.errors import ConnectionTimeout

    ready: Any = None
    progress = monotonic()
    while True:
        try:
            wanted = generator.send(ready)
        except StopIteration as e:
            return e.value
        ready = yield wanted
        if ready:
            progress = monotonic()
        elif monotonic() - progress > seconds:
            raise ConnectionTimeout(f"no answer within {seconds} seconds")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())

"""Persisters in PostgreSQL."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from urllib.parse import quote

from ..error import PersistableError
from .asyncpersister import AsyncPersister
from .asyncpostgresrecords import AsyncPostgresRecords
from .persister import Persister
from .postgresrecords import PostgresRecords
from .values import FromPositions

__all__ = ["AsyncPostgreSQLPersister", "PostgreSQLPersister"]

_TABLE: Final = "burr_state"
_TIMEOUT: Final = 10.0
_POSITIONS: Final = ("db_name", "user", "password", "host", "port", "table_name")
_POOL_SIZE: Final = 8


class PostgreSQLPersister(FromPositions, Persister):
    """Saves and loads the states of applications in a PostgreSQL database.

    What was saved survives the death of the server, as long as its
    ``synchronous_commit`` isn't turned off.  A connection that was lost, as by a
    restart of the server, is made anew once.

    Safe to use from many threads, processes and machines at once, and across forks.

    >>> persister = PostgreSQLPersister(
    ...     db_name="data", user="ann", password="secret", host="db.example.org"
    ... )
    >>> persister.is_async()
    False

    """

    twin: ClassVar[str] = "AsyncPostgreSQLPersister"
    positions = _POSITIONS

    def __init__(
        self,
        uri: str | None = None,
        *,
        db_name: str | None = None,
        user: str | None = None,
        password: str | None = None,
        host: str | None = None,
        port: int | None = None,
        table_name: str = _TABLE,
        timeout: float = _TIMEOUT,
        pool_size: int = _POOL_SIZE,
        **options: Any,
    ) -> None:
        """
        :param uri: the URL of the database, as PostgreSQL's own programs take it:
                    ``postgresql://user:password@host:5432/database``

        :param db_name: instead of that, the name of the database

        :param user: with that, the user; by default that of the process

        :param password: with that, the user's password, if the server asks for one

        :param host: with that, the server, or the folder of its socket; by default
                     ``localhost``

        :param port: with that, the server's port, by default 5432

        :param table_name: the name of the table, which may follow that of a schema
                           and a dot, and what those of two others begin with

        :param timeout: how many seconds to wait for a connection (two at least), and
                        for the server to get on with what it was asked

        :param pool_size: how many connections each process has at most

        :param options: as for :class:`.Persister`

        :raises PersistableError: if one of these is wrong

        """
        address = _address(uri, db_name, user, password, host, port)
        _check_size(pool_size)
        records: Any = PostgresRecords(address, table_name, timeout, pool_size)
        super().__init__(records, **options)
        self._set_address(address, **_settings(table_name, timeout, pool_size))


class AsyncPostgreSQLPersister(FromPositions, AsyncPersister):
    """What :class:`PostgreSQLPersister` is, with coroutines: what many of them find
    or save at one time takes one statement.

    For the coroutines of one event loop at a time, and of others in other processes
    and machines.

    >>> AsyncPostgreSQLPersister("postgresql://localhost/data").is_async()
    True

    """

    positions = _POSITIONS

    def __init__(
        self,
        uri: str | None = None,
        *,
        db_name: str | None = None,
        user: str | None = None,
        password: str | None = None,
        host: str | None = None,
        port: int | None = None,
        table_name: str = _TABLE,
        timeout: float = _TIMEOUT,
        pool_size: int = _POOL_SIZE,
        **options: Any,
    ) -> None:
        """
        :param uri: as for :class:`PostgreSQLPersister`, like all that follow

        """
        address = _address(uri, db_name, user, password, host, port)
        _check_size(pool_size)
        records = AsyncPostgresRecords(address, table_name, timeout, pool_size)
        super().__init__(records, **options)
        self._set_address(address, **_settings(table_name, timeout, pool_size))


def _address(
    uri: str | None,
    db_name: str | None,
    user: str | None,
    password: str | None,
    host: str | None,
    port: int | None,
) -> str:
    parts = db_name, user, password, host, port
    if (uri is None) == (db_name is None) or (
        uri is not None and any(part is not None for part in parts)
    ):
        raise PersistableError(
            "A persister in PostgreSQL needs either uri or db_name, and with the "
            "latter maybe user, password, host and port"
        )
    if uri is not None:
        return uri
    name = quote(db_name or "", safe="")
    login = "" if user is None else quote(user, safe="")
    if password is not None:
        login += ":" + quote(password, safe="")
    if login:
        login += "@"
    place = host or "localhost"
    number = 5432 if port is None else port
    if place.startswith("/"):
        folder = quote(place, safe="")
        return f"postgresql://{login}/{name}?host={folder}&port={number}"
    if ":" in place:
        place = f"[{place}]"
    return f"postgresql://{login}{place}:{number}/{name}"


def _settings(table_name: str, timeout: float, pool_size: int) -> dict[str, object]:
    return {
        "table": None if table_name == _TABLE else table_name,
        "timeout": None if timeout == _TIMEOUT else timeout,
        "pool_size": None if pool_size == _POOL_SIZE else pool_size,
    }


def _check_size(pool_size: int) -> None:
    if pool_size < 1:
        raise PersistableError(f"pool_size must be 1 or more, not {pool_size}")

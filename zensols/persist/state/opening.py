"""Open a persister by its URL."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from ..domain import StashURL, one_of, positive_seconds
from ..stash.mongoclient import MONGO_OPTIONS
from ..stash.postgresconnection import SERVER_OPTIONS
from ..stash.redisclient import TLS_OPTIONS
from ..stash.sqlitefile import seconds
from ..stash.sqlitestatements import table_name
from .asyncpersister import AsyncPersister
from .persister import Persister

__all__ = ["STASH", "open_async_persister", "open_persister"]

STASH: Final = "stash+"
"""What the scheme begins with where a stash is to keep the states, though there is a
database of this scheme that could.
"""

_BY_ARGUMENT: Final = ("types", "schema_version", "migrations")


class _Database(NamedTuple):
    module: str
    name: str
    read: Callable[[StashURL], dict[str, Any]]


def open_persister(url: str | StashURL, **options: Any) -> Persister:
    """Return the persister that a URL names.  Nothing is connected to or made before
    it is used.

    ============================  ==================================================
    URL                           options
    ============================  ==================================================
    ``sqlite:states.db``          ``table``, ``timeout``, and ``durability``, which
                                  is ``process`` or ``fsync``
    ``postgresql://host/db``      ``table``, ``timeout``, ``pool_size``, and what
                                  PostgreSQL takes, such as ``sslmode``
    ``redis://host/0``            ``namespace``, ``timeout``; with ``rediss:`` those
                                  of TLS
    ``mongodb://host/db``         ``collection``, ``timeout``, and those of
                                  connection strings
    ``memory:``                   none
    any other of a stash          those of :func:`.open_stash`
    ============================  ==================================================

    With ``stash+`` before it, any URL is that of a stash, which a
    :class:`.StashPersister` uses.

    :param url: the URL, such as :attr:`.Persister.url` gives

    :param options: as for :class:`.Persister`; no URL has these

    :raises PersistableError: if a part of the URL is wrong, which is named, or the
                              package that the database needs is not installed

    >>> with open_persister("memory:") as persister:
    ...     persister.save("user 1", "chat", 1, "ask", {"text": "hi"}, "completed")
    ...     persister.load("user 1", "chat")["state"]["text"]
    'hi'

    """
    persister: Persister = _open("", url, options)
    return persister


def open_async_persister(url: str | StashURL, **options: Any) -> AsyncPersister:
    """Return the asynchronous persister that a URL names.

    :param url: as for :func:`open_persister`

    :param options: as for :class:`.AsyncPersister`

    :raises PersistableError: as :func:`open_persister` does

    >>> open_async_persister("sqlite:states.db").is_async()
    True

    """
    persister: AsyncPersister = _open("Async", url, options)
    return persister


def _open(kind: str, url: str | StashURL, options: dict[str, Any]) -> Any:
    if isinstance(url, str):
        url = StashURL.parse(url)
    for name in _BY_ARGUMENT:
        if name in url.options:
            raise url.wrong(f"option {name!r}: give it to the function that opens this")
    database = DATABASES.get(url.scheme, _STASH)
    module = import_module(f".{database.module}", __package__)
    persister = getattr(module, kind + database.name)
    return persister(**database.read(url), **options)


def _read(url: StashURL, **converters: Callable[[str], Any]) -> dict[str, Any]:
    for name in url.options:
        if name not in converters:
            allowed = ", ".join(sorted(converters)) or "none"
            raise url.wrong(f"unknown option {name!r}; allowed: {allowed}")
    return url.read(**converters)


def _read_memory(url: StashURL) -> dict[str, Any]:
    if url.location not in ("", "//"):
        raise url.wrong(f"{url.location!r}: memory has no places; write memory:")
    return _read(url)


def _read_sqlite(url: StashURL) -> dict[str, Any]:
    durability = one_of("process", "fsync")
    given = _read(url, table=table_name, timeout=seconds, durability=durability)
    return {"db_path": url.path, **_renamed(given, table="table_name")}


def _read_postgres(url: StashURL) -> dict[str, Any]:
    own: dict[str, Callable[[str], Any]] = {
        "table": str,
        "timeout": positive_seconds,
        "pool_size": int,
    }
    given = _read(url, **own, **dict.fromkeys(SERVER_OPTIONS, str))
    given = {name: given[name] for name in own if name in given}
    address = url.without(*own).reveal()
    return {"uri": address, **_renamed(given, table="table_name")}


def _read_redis(url: StashURL) -> dict[str, Any]:
    given = _read(url, namespace=str, timeout=positive_seconds, **TLS_OPTIONS)
    address = url.without("namespace", "timeout").reveal()
    return {
        "url": address,
        **{name: value for name, value in given.items() if name not in TLS_OPTIONS},
    }


def _read_mongo(url: StashURL) -> dict[str, Any]:
    connection = dict.fromkeys(MONGO_OPTIONS, str)
    given = _read(url, collection=str, timeout=positive_seconds, **connection)
    database = url.location.removeprefix("//").rpartition("@")[2].partition("/")[2]
    if not database:
        raise url.wrong(f"no database: write {url.scheme}://host:port/database")
    given = {name: value for name, value in given.items() if name not in connection}
    return {
        "uri": url.without("collection", "timeout").reveal(),
        "db_name": unquote(database),
        **_renamed(given, collection="collection_name"),
    }


def _read_stash(url: StashURL) -> dict[str, Any]:
    scheme = url.scheme.removeprefix(STASH)
    return {"stash": StashURL(scheme, url.location, url.options)}


def _renamed(given: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in given.items()}


_POSTGRES: Final = _Database("postgresql", "PostgreSQLPersister", _read_postgres)
_REDIS: Final = _Database("redis", "RedisPersister", _read_redis)
_MONGO: Final = _Database("mongodb", "MongoDBPersister", _read_mongo)
_STASH: Final[_Database] = _Database("stashpersister", "StashPersister", _read_stash)

DATABASES: Final[dict[str, _Database]] = {
    "memory": _Database("memorypersister", "InMemoryPersister", _read_memory),
    "mongodb": _MONGO,
    "mongodb+srv": _MONGO,
    "postgres": _POSTGRES,
    "postgresql": _POSTGRES,
    "redis": _REDIS,
    "rediss": _REDIS,
    "sqlite": _Database("sqlite", "SQLitePersister", _read_sqlite),
}
"""The schemes that name a database."""

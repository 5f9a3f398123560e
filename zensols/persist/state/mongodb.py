"""Persisters in MongoDB."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from urllib.parse import quote

from ..error import PersistableError
from .asyncmongorecords import AsyncMongoRecords
from .asyncpersister import AsyncPersister
from .mongorecords import MongoRecords
from .persister import Persister

__all__ = ["AsyncMongoDBPersister", "MongoDBPersister"]

_COLLECTION: Final = "mystates"
_TIMEOUT: Final = 10.0

_NOT_IN_NAMES: Final = frozenset('/\\. "$\0')


class MongoDBPersister(Persister):
    """Saves and loads the states of applications in a collection of a MongoDB
    database, and what it needs besides in another one.

    What has been saved is in the server's journal, and so survives the death of the
    server, unless the address says ``journal=false``.  A state of more than 16 MiB is
    refused.

    Safe to use from many threads, processes and machines at once, and across forks.

    >>> MongoDBPersister("mongodb://ann:secret@localhost:27017", "mydatabase")
    MongoDBPersister('mongodb://ann:***@localhost:27017/mydatabase?authSource=admin')

    """

    twin: ClassVar[str] = "AsyncMongoDBPersister"

    def __init__(
        self,
        uri: str = "mongodb://127.0.0.1:27017",
        db_name: str = "mydatabase",
        collection_name: str = _COLLECTION,
        *,
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param uri: the connection string

        :param db_name: the database

        :param collection_name: the collection of states; that of applications is
                                called so with ``_branches`` appended

        :param timeout: how many seconds each operation may take, connecting included

        :param options: as for :class:`.Persister`

        """
        address = _address(uri, db_name, timeout)
        super().__init__(MongoRecords(address, collection_name, timeout), **options)
        self._set_address(address, **_settings(collection_name, timeout))

    def __repr__(self) -> str:
        return _shown(self, self._records)


class AsyncMongoDBPersister(AsyncPersister):
    """What :class:`MongoDBPersister` is, with coroutines.

    For the coroutines of one event loop, and of others in other processes.

    >>> AsyncMongoDBPersister("mongodb://localhost:27017/?w=1", "mydatabase")
    AsyncMongoDBPersister('mongodb://localhost:27017/mydatabase?w=1')

    """

    def __init__(
        self,
        uri: str = "mongodb://127.0.0.1:27017",
        db_name: str = "mydatabase",
        collection_name: str = _COLLECTION,
        *,
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param uri: as for :class:`MongoDBPersister`, like all that follow

        """
        address = _address(uri, db_name, timeout)
        super().__init__(
            AsyncMongoRecords(address, collection_name, timeout), **options
        )
        self._set_address(address, **_settings(collection_name, timeout))

    def __repr__(self) -> str:
        return _shown(self, self._records)


def _address(uri: str, db_name: str, timeout: float) -> str:
    if not 0 < timeout < float("inf"):
        raise PersistableError(
            f"timeout is {timeout!r}: give a number of seconds above 0"
        )
    if not db_name or _NOT_IN_NAMES.intersection(db_name):
        raise PersistableError(
            f"Database {db_name!r} can't be in MongoDB: its name must not be empty, "
            f"nor have any of {sorted(_NOT_IN_NAMES)}"
        )
    scheme, colon, rest = uri.partition("://")
    place, _, query = rest.partition("?")
    host, _, database = place.partition("/")
    options = [query] if query else []
    if "@" in host and "authsource=" not in query.lower():
        # By default it is the database in the path, which becomes another one.
        options.append(f"authSource={database or 'admin'}")
    path = quote(db_name, safe="")
    return (
        f"{scheme}{colon}{host}/{path}" + ("?" if options else "") + "&".join(options)
    )


def _settings(collection_name: str, timeout: float) -> dict[str, object]:
    return {
        "collection": None if collection_name == _COLLECTION else collection_name,
        "timeout": None if timeout == _TIMEOUT else timeout,
    }


def _shown(persister: object, records: Any) -> str:
    address = repr(records.link).partition("(")[2]
    return f"{type(persister).__name__}({address}"

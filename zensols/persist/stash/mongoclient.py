"""The connection to a MongoDB server, and what can go wrong with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..domain import StashURL
from ..error import PersistableError, StoreUnavailableError
from .leftovers import close_now, close_when_collected

if TYPE_CHECKING:
    from weakref import finalize

    from pymongo import MongoClient
    from pymongo.collection import Collection
    from pymongo.database import Database

__all__ = ["MONGO_OPTIONS", "WRONG_LOGIN", "Document", "MongoLink"]

Document = dict[str, Any]

MONGO_OPTIONS: Final[tuple[str, ...]] = (
    *("appName", "authMechanism", "authMechanismProperties", "authSource"),
    *("compressors", "directConnection", "heartbeatFrequencyMS", "journal"),
    *("loadBalanced", "localThresholdMS", "maxIdleTimeMS", "maxPoolSize"),
    *("maxStalenessSeconds", "minPoolSize", "readConcernLevel", "readPreference"),
    *("replicaSet", "retryReads", "retryWrites", "srvMaxHosts", "srvServiceName"),
    *("ssl", "tls", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames"),
    *("tlsCAFile", "tlsCertificateKeyFile", "tlsInsecure", "w"),
)
"""The options of a connection string that our URLs may have."""

_CLOSE: Final = 1.0
"""Seconds that closing may wait for a server to hear of it."""

_REFUSED: Final = frozenset({11, 13, 18, 8000})
"""The codes of unknown users, missing rights and wrong passwords."""

WRONG_LOGIN: Final = 18
"""The code of a wrong password, after which a client takes the server for gone."""

_NAMES: Final = frozenset({48, 73})
"""The codes of names that a database or a collection can't have."""


class _Guard:
    """What threads take turns by, made anew for a forked child, which has none of
    the threads that may hold it.

    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.lock = threading.Lock()


_guard: Final = _Guard()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_guard.renew)


class MongoLink:
    """Connects to a database when it is first asked for, anew in a forked child
    and after :meth:`close`.

    Safe to use from many threads.

    >>> link = MongoLink("mongodb://ann:secret@127.0.0.1:27017/data", timeout=1)
    >>> link
    MongoLink('mongodb://ann:***@127.0.0.1:27017/data')

    """

    def __init__(self, address: str, timeout: float) -> None:
        """
        :param address: the connection string, with the database in its path

        :param timeout: how many seconds each operation may take, connecting and
                        trying again included

        """
        self.address = address
        self.timeout = timeout
        self._pid = 0
        self._database: Database[Document] | None = None
        self._closer: finalize[..., Any] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"

    @property
    def _name(self) -> str:
        try:
            return str(StashURL.parse(self.address))
        except PersistableError:
            return str(StashURL("mongodb", self.address.partition(":")[2]))

    def collection(self, name: str) -> Collection[Document]:
        """Return a collection; it need not exist.

        :param name: its name

        :raises StoreUnavailableError: if the address is wrong

        :raises PersistableError: if pymongo is not installed

        """
        database = self._database
        if database is None or self._pid != os.getpid():
            with _guard.lock:
                database = self._connect()
        from pymongo.errors import InvalidName

        try:
            return database[name]
        except InvalidName as e:
            raise StoreUnavailableError(
                f"{self._name} can't have a collection {name!r}: {e}"
            ) from e

    def now(self, name: str) -> datetime:
        """Return the server's time, as the documents of a collection have it.

        :param name: the collection's name

        """
        hello = self.collection(name).database.command("hello")
        time: datetime = hello["localTime"]
        return time

    def _connect(self) -> Database[Document]:
        if self._database is not None and self._pid == os.getpid():
            return self._database
        if self._closer is not None:
            # A parent's, which stays open.
            close_now(self._closer)
        client: MongoClient[Document] = self.open()
        from pymongo.errors import ConfigurationError

        self._pid = os.getpid()
        self._closer = close_when_collected(self, partial(_finish, client))
        try:
            self._database = client.get_default_database()
        except ConfigurationError as e:
            self._close()
            raise StoreUnavailableError(
                f"No database in {self._name}: write mongodb://host:port/database"
            ) from e
        return self._database

    def open(self, kind: str = "MongoClient") -> Any:
        """Return a new client, which the caller closes.

        :param kind: pymongo's name of its class

        :raises StoreUnavailableError: if the address is wrong

        :raises PersistableError: if pymongo is not installed

        """
        try:
            import pymongo
        except ImportError as e:
            raise PersistableError(
                "MongoDB needs pymongo, which is not installed: "
                'pip install "zensols.persist[mongo]"'
            ) from e
        from pymongo.errors import PyMongoError
        from pymongo.uri_parser import parse_uri

        limit = max(1, round(self.timeout * 1000))
        options: Document = {
            "timeoutMS": limit,
            "serverSelectionTimeoutMS": limit,
            "connectTimeoutMS": limit,
        }
        if "journal=" not in self.address.lower():
            # What is acknowledged is to outlive the server's process.
            options["journal"] = True
        try:
            # The client itself only warns of wrong options, and goes on without.
            parse_uri(self.address, warn=False, connect_timeout=self.timeout)
            return getattr(pymongo, kind)(self.address, **options)
        except (PyMongoError, ValueError, TypeError) as e:
            # What it says may quote a part of the password.
            detail = "" if "@" in self.address else f" ({e})"
            raise StoreUnavailableError(
                f"{self._name} is no address of a MongoDB server{detail}: check the "
                "user, host, port, database and options; in a user's name and "
                "password, write :/?#[]@ as %3A and so on"
            ) from None

    def close(self) -> None:
        """Disconnect.  What uses this link afterwards connects again."""
        with _guard.lock:
            self._close()

    def _close(self) -> None:
        closer, self._closer, self._database = self._closer, None, None
        if closer is not None:
            close_now(closer)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what goes wrong in the ``with`` block into errors of ours.

        :raises StoreUnavailableError: if the server can't be reached or refuses us

        :raises PersistableError: if it can't do as asked

        """
        try:
            yield
        except PersistableError:
            raise
        except Exception as e:
            error = self._translate(e)
            if error is None:
                raise
            if getattr(e, "code", None) == WRONG_LOGIN:
                self.close()
            raise error from e

    def _translate(self, error: Exception) -> PersistableError | None:
        from bson.errors import BSONError
        from pymongo.errors import (
            ConfigurationError,
            ConnectionFailure,
            InvalidName,
            OperationFailure,
            PyMongoError,
        )

        if not isinstance(error, PyMongoError | BSONError):
            return None
        code = error.code if isinstance(error, OperationFailure) else None
        if code in _REFUSED:
            return StoreUnavailableError(
                f"{self._name} refuses us: check the user, the password, authSource "
                f"and what the user may do there ({error})"
            )
        if code in _NAMES or isinstance(error, InvalidName | ConfigurationError):
            return StoreUnavailableError(
                f"{self._name} can't be used: check the names of the database and the "
                f"collection, and the options ({error})"
            )
        if isinstance(error, ConnectionFailure) or getattr(error, "timeout", False):
            return StoreUnavailableError(
                f"{self._name} doesn't answer within {self.timeout:g} seconds: check "
                f"the host and the port, and whether the server runs ({error})"
            )
        return PersistableError(f"{self._name} can't do as asked: {error}")


def _finish(client: MongoClient[Document]) -> None:
    import pymongo
    from pymongo.errors import PyMongoError

    # It tells the server, which may be dead.
    with suppress(PyMongoError), pymongo.timeout(_CLOSE):
        client.close()

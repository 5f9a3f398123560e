"""Persisters in Redis."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from urllib.parse import quote

from ..error import PersistableError
from .asyncpersister import AsyncPersister
from .asyncredisrecords import AsyncRedisRecords
from .persister import Persister
from .redisrecords import RedisRecords
from .values import FromPositions

__all__ = ["AsyncRedisPersister", "RedisPersister"]

_NAMESPACE: Final = "states"
_TIMEOUT: Final = 10.0
_POSITIONS: Final = ("host", "port", "db", "password")


class RedisPersister(FromPositions, Persister):
    """Saves and loads the states of applications in a Redis (or Valkey) database.

    What has been saved is as safe as the server makes it, see
    :class:`.RedisStash`.  A connection that was dropped is made anew once.  The
    server has to be one, not a cluster.

    Safe to use from many threads, processes and machines at once, and across forks.

    >>> RedisPersister("redis://:secret@localhost:6379/0", namespace="chats")
    RedisPersister('redis://:***@localhost:6379/0', namespace='chats')

    """

    twin: ClassVar[str] = "AsyncRedisPersister"
    positions = _POSITIONS

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 6379,
        db: int = 0,
        password: str | None = None,
        namespace: str = _NAMESPACE,
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param url: that of the server and the number of the database, such as
                    ``redis://user:password@host:6379/0``, or ``rediss://`` for TLS;
                    by default it is made of those that follow

        :param host: the server

        :param port: where it listens

        :param db: the number of the database

        :param password: the password, if it wants one

        :param namespace: tells the persister's keys from others in the database

        :param timeout: how many seconds to wait for a connection, and for a reply

        :param options: as for :class:`.Persister`

        """
        address = _address(url, host, port, db, password)
        _check(namespace)
        super().__init__(RedisRecords(address, namespace, timeout), **options)
        self._set_address(address, **_settings(namespace, timeout))

    def __repr__(self) -> str:
        return _shown(self, self._records)


class AsyncRedisPersister(FromPositions, AsyncPersister):
    """What :class:`RedisPersister` is, with coroutines: what many of them ask for at
    one time is sent at once, over two connections.

    For the coroutines of one event loop, and of others in other processes.

    >>> AsyncRedisPersister(host="db.example.org", password="secret")
    AsyncRedisPersister('redis://:***@db.example.org:6379/0', namespace='states')

    """

    positions = _POSITIONS

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 6379,
        db: int = 0,
        password: str | None = None,
        namespace: str = _NAMESPACE,
        timeout: float = _TIMEOUT,
        **options: Any,
    ) -> None:
        """
        :param url: as for :class:`RedisPersister`, like all that follow

        """
        address = _address(url, host, port, db, password)
        _check(namespace)
        super().__init__(AsyncRedisRecords(address, namespace, timeout), **options)
        self._set_address(address, **_settings(namespace, timeout))

    def __repr__(self) -> str:
        return _shown(self, self._records)


def _address(
    url: str | None, host: str, port: int, db: int, password: str | None
) -> str:
    if url is not None:
        return url
    secret = "" if password is None else f":{quote(password, safe='')}@"
    place = f"[{host}]" if ":" in host else host
    return f"redis://{secret}{place}:{port}/{db}"


def _settings(namespace: str, timeout: float) -> dict[str, object]:
    return {
        "namespace": None if namespace == _NAMESPACE else namespace,
        "timeout": None if timeout == _TIMEOUT else timeout,
    }


def _check(namespace: str) -> None:
    if not namespace.isprintable():
        raise PersistableError(
            f"Namespace {namespace!r} must have printable characters only"
        )


def _shown(persister: object, records: Any) -> str:
    return f"{type(persister).__name__}({records.place!r}, namespace={records.namespace!r})"

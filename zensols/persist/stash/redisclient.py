"""Connections to Redis, made when first needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from ..domain import StashURL, one_of
from ..error import PersistableError, StoreUnavailableError

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["TLS_OPTIONS", "RedisClient"]

R = TypeVar("R")

TLS_OPTIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "ssl_ca_certs": str,
    "ssl_cert_reqs": one_of("required", "optional", "none"),
    "ssl_certfile": str,
    "ssl_keyfile": str,
}
"""What the URL of a server that uses TLS may have, by the names of the driver."""

_MOST_CONNECTIONS: Final = 1 << 16
"""No limit: there are as many as threads that use the server at one time."""


class RedisClient:
    """Runs commands on a server, over as many connections as there are threads
    that do so at one time.

    A command for which the connection turns out to be dropped is sent once more,
    so it has to be one that does no harm the second time.  Threads can share
    this; a forked child makes connections of its own.

    >>> RedisClient("redis://ann:secret@localhost:6379/0", timeout=10)
    RedisClient('redis://ann:***@localhost:6379/0')

    """

    def __init__(self, address: str, timeout: float) -> None:
        """
        :param address: the server's URL

        :param timeout: how many seconds to wait for a connection, and for a reply

        :raises PersistableError: if the address is wrong, or no timeout positive

        """
        self.address = address
        self.timeout = timeout
        self._clients: dict[int, Redis] = {}
        self._url = _check_address(address)
        if not 0 < timeout < float("inf"):
            raise self._url.wrong(
                f"timeout is {timeout!r}: give a number of seconds above 0"
            )

    def call(self, use: Callable[[Redis], Any]) -> Any:
        """Return what a function returns that sends commands to the server.

        :param use: called with the driver's client, the second time after the
                    connection was dropped

        :raises StoreUnavailableError: if the server can't be reached, doesn't
                                       answer in time, or refuses

        :raises PersistableError: if the driver is not installed, or a key has
                                  something else than an entry

        """
        client = self._connected()
        import redis

        try:
            try:
                return use(client)
            except redis.ConnectionError as e:
                if type(e) is not redis.ConnectionError:
                    raise
                # The idle ones are likely to be dropped as well.
                client.connection_pool.disconnect(inuse_connections=False)
                return use(client)
        except redis.RedisError as e:
            raise self._error(e) from e

    def close(self) -> None:
        """Drop the connections; the next call makes new ones."""
        while self._clients:
            _, client = self._clients.popitem()
            client.close()

    def _connected(self) -> Redis:
        pid = os.getpid()
        client = self._clients.get(pid)
        if client is None:
            if self._clients:
                # What the parent of this process has is the parent's.
                self._clients = {}
            client = self._clients.setdefault(pid, self._open())
        return client

    def _open(self) -> Redis:
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as e:
            raise self._missing() from e
        return Redis.from_url(
            self.address,
            protocol=2,
            max_connections=_MOST_CONNECTIONS,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self.timeout,
            socket_connect_timeout=self.timeout,
        )

    def _missing(self) -> PersistableError:
        return PersistableError(
            f"{self._url} needs the package redis, which is not installed: "
            'pip install "zensols.persist[redis]"'
        )

    def _error(self, error: Exception) -> PersistableError:
        import redis

        text = str(error)
        if text.startswith("WRONGTYPE"):
            return PersistableError(
                f"Another program has stored something else than an entry at "
                f"{self._url}: use another namespace ({text})"
            )
        if isinstance(error, redis.AuthenticationError) or text.startswith("NOAUTH"):
            check = "check the user and the password"
        elif "DB index" in text:
            check = "check the number of the database, which follows the host"
        elif isinstance(error, redis.exceptions.NoPermissionError):
            check = "check what its access control list lets this user do"
        elif isinstance(error, redis.TimeoutError):
            check = (
                f"it didn't answer within {self.timeout} seconds; check host, port and "
                "load, or give it a longer timeout"
            )
        elif isinstance(error, redis.BusyLoadingError):
            check = "it is still loading its data: try again later"
        elif isinstance(error, redis.ConnectionError):
            check = "check that it runs, its host and port, and whether it needs TLS"
        else:
            check = "it refuses the command"
        return StoreUnavailableError(
            f"Can't use Redis at {self._url}: {check} ({text})"
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._url)!r})"


def _check_address(address: str) -> StashURL:
    url = StashURL.parse(address)
    if url.scheme not in ("redis", "rediss"):
        raise url.wrong(
            f"scheme {url.scheme!r} of the server's address: use redis, or rediss for TLS"
        )
    for name in url.options:
        if name not in TLS_OPTIONS:
            raise url.wrong(
                f"option {name!r} is no part of a server's address, which may have "
                f"these: {', '.join(TLS_OPTIONS)}"
            )
        if url.scheme != "rediss":
            raise url.wrong(f"option {name!r}: only rediss URLs use TLS")
    url.read(**TLS_OPTIONS)
    try:
        parts = urlsplit(f"redis:{url.location}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        # Its text might have a part of the password.
        raise url.wrong(
            "host or port can't be read: write redis://user:password@host:6379/0 and "
            "percent-encode what else has a meaning in URLs"
        ) from None
    if not host:
        raise url.wrong(f"no host: write {url.scheme}://localhost:6379/0")
    database = parts.path.removeprefix("/")
    if database and not (database.isascii() and database.isdigit()):
        raise url.wrong(
            f"database {database!r}: it has a number, as in {url.scheme}://{host}/0"
        )
    return url

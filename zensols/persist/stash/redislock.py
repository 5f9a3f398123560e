"""Locks that all who use a Redis server share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from .lease import LEASE, Lease
from .redisclient import RedisClient

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["LEASE", "redis_lock"]

# Asked for again after a dropped connection, the owner finds its own token.
_TAKE: Final = """
if redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2]) then
    return ARGV[1]
end
return redis.call('get', KEYS[1])
"""
_RENEW: Final = """
if redis.call('get', KEYS[1]) == ARGV[1] then
    return redis.call('pexpire', KEYS[1], ARGV[2])
end
return 0
"""
# Nobody's is -1.
_RELEASE: Final = """
local found = redis.call('get', KEYS[1])
if found == ARGV[1] then
    return redis.call('del', KEYS[1])
end
return found and 0 or -1
"""


class _Token(Lease):
    """A key whose value says who has the lock, and which the server lets expire."""

    def __init__(self, client: RedisClient, name: bytes, seconds: float) -> None:
        import secrets
        import socket

        super().__init__((client.address, name), seconds)
        self._client = client
        self._name = name
        owner = f"process {os.getpid()} of {socket.gethostname()}"
        self._token = f"{owner} {secrets.token_hex(16)}".encode()

    def take(self) -> str | None:
        found = self._run(_TAKE, self._token, self._milliseconds)
        if found == self._token:
            return None
        # None if it was freed within the script, that is never, or by a failover.
        owner: str = (found or b"").decode(errors="replace").rpartition(" ")[0]
        return owner or "somebody else"

    def renew(self) -> bool:
        return bool(self._run(_RENEW, self._token, self._milliseconds))

    def release(self) -> bool:
        attempts = 0

        def free(client: Redis) -> Any:
            nonlocal attempts
            attempts += 1
            return client.eval(_RELEASE, 1, self._name, self._token)

        freed = self._client.call(free)
        # Nobody's after a dropped connection: all that was lost is the answer to
        # the first attempt.
        return bool(freed == 1 or (freed == -1 and attempts > 1))

    @property
    def _milliseconds(self) -> int:
        return round(self.seconds * 1000)

    def _run(self, script: str, *arguments: bytes | int) -> Any:
        return self._client.call(
            lambda client: client.eval(script, 1, self._name, *arguments)
        )


@contextmanager
def redis_lock(
    client: RedisClient,
    name: bytes,
    label: str,
    timeout: float | None = None,
    *,
    lease: float = LEASE,
) -> Iterator[None]:
    """Hold a lock while the ``with`` block runs.  One thread of one process, of all
    that use the server, has it at a time, and may enter as many blocks with the
    same name as it likes.

    The lock of a process that dies, or is cut off from the server, expires; as
    long as it lives, it renews it.

    :param client: runs commands on the server

    :param name: what the lock is called there

    :param label: what the lock is called in errors

    :param timeout: how many seconds to wait at most; None, the default, waits as
                    long as it takes, and 0 not at all

    :param lease: how many seconds the lock outlives its owner

    :raises LockTimeoutError: if somebody else still has the lock by then

    :raises StoreUnavailableError: if the server can't be reached

    """
    with _Token(client, name, lease).hold(label, timeout):
        yield

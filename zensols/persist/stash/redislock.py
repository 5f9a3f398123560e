"""Locks that all who use a Redis server share."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakValueDictionary

from ..error import LockTimeoutError, StoreUnavailableError
from .redisclient import RedisClient

__all__ = ["LEASE", "redis_lock"]

logger = logging.getLogger(__name__)

LEASE: Final = 30.0
"""How many seconds a lock outlives an owner that was killed."""

_POLLS: Final = 0.01, 0.2
"""The fewest and most seconds between attempts to get a lock."""

# Asked for again after a dropped connection, the owner finds its own token.
_ACQUIRE: Final = """
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
_RELEASE: Final = """
if redis.call('get', KEYS[1]) == ARGV[1] then
    return redis.call('del', KEYS[1])
end
return 0
"""


class _Token:
    """The proof that we own a lock on the server.  A thread renews it, so that it
    expires only if this process has died.

    """

    def __init__(self, client: RedisClient, name: bytes, lease: float) -> None:
        import secrets
        import socket

        self._client = client
        self._name = name
        self._lease = lease
        self._released = threading.Event()
        owner = f"process {os.getpid()} of {socket.gethostname()}"
        self._token = f"{owner} {secrets.token_hex(16)}".encode()

    def take(self) -> str | None:
        """Return None if the lock is ours now, else who has it."""
        found: Any = self._run(_ACQUIRE, self._token, round(self._lease * 1000))
        if found == self._token:
            threading.Thread(
                target=self._renew, name=f"renews {self._name!r}", daemon=True
            ).start()
            return None
        # None if it was freed within the script, that is never, or by a failover.
        return (found or b"somebody else").decode(errors="replace").rpartition(" ")[0]

    def release(self) -> None:
        self._released.set()
        try:
            was_ours = self._run(_RELEASE, self._token)
        except StoreUnavailableError as e:
            logger.warning("A lock stays for %s seconds: %s", self._lease, e)
        else:
            if not was_ours:
                self._warn()

    def _renew(self) -> None:
        while not self._released.wait(self._lease / 3):
            try:
                is_ours = self._run(_RENEW, self._token, round(self._lease * 1000))
            except Exception as e:  # noqa: BLE001  drivers raise anything if closed
                if not self._released.is_set():
                    logger.warning("Can't renew a lock: %s", e)
            else:
                if not is_ours:
                    # The one who releases it tells.
                    return

    def _warn(self) -> None:
        logger.warning(
            "Lock %r was lost while held: somebody else may have done the same work",
            self._name,
        )

    def _run(self, script: str, *arguments: bytes | int) -> bytes | int | None:
        result: bytes | int | None = self._client.call(
            lambda client: client.eval(script, 1, self._name, *arguments)
        )
        return result


class _Lock:
    """A lock as this process sees it: its threads compete for the first part and
    the winner competes with other processes for the token.

    """

    def __init__(self) -> None:
        self.threads = threading.RLock()
        self.depth = 0
        self.token: _Token | None = None


class _Registry:
    """The locks of this process that somebody has or waits for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[tuple[str, bytes], _Lock] = (
            WeakValueDictionary()
        )

    def lock(self, address: str, name: bytes) -> _Lock:
        with self._guard:
            return self._locks.setdefault((address, name), _Lock())


_registry: Final = _Registry()

if hasattr(os, "register_at_fork"):
    # What this process holds, its child doesn't.
    os.register_at_fork(after_in_child=_registry.forget)


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
    seconds = -1.0
    if timeout is not None:
        seconds = min(max(timeout, 0.0), threading.TIMEOUT_MAX)
    deadline = time.monotonic() + seconds
    lock = _registry.lock(client.address, name)
    if not lock.threads.acquire(timeout=seconds):
        raise _timeout_error(label, timeout, "another thread of this process")
    pid = os.getpid()
    try:
        if lock.depth == 0:
            token = _Token(client, name, lease)
            _take(token, label, timeout, deadline)
            lock.token = token
        lock.depth += 1
        try:
            yield
        finally:
            lock.depth -= 1
            # A child that was forked inside its parent's block just leaves it.
            if lock.depth == 0 and lock.token is not None and pid == os.getpid():
                lock.token.release()
    finally:
        lock.threads.release()


def _take(token: _Token, label: str, timeout: float | None, deadline: float) -> None:
    pause, most = _POLLS
    while (owner := token.take()) is not None:
        if timeout is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _timeout_error(label, timeout, owner)
            pause = min(pause, left)
        time.sleep(pause)
        pause = min(2 * pause, most)


def _timeout_error(label: str, timeout: float | None, owner: str) -> LockTimeoutError:
    return LockTimeoutError(
        f"Could not lock {label} within {timeout} seconds, since {owner} has it: wait "
        "longer or, if it hangs, end it"
    )

"""Locks that all who use a bucket share."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from ..error import LockTimeoutError, PersistableError, StoreUnavailableError

if TYPE_CHECKING:
    from .s3 import S3Folder

__all__ = ["is_conflict", "s3_lock"]

logger = logging.getLogger(__name__)

_POLLS: Final = 0.05, 1.0
"""The fewest and most seconds between attempts to get a lock."""

_CONFLICTS: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class _Lease:
    """An object that only one can make, and that its owner keeps renewing.  Once
    it has not been renewed for as long as it says, by the server's clock, its owner
    is dead and another one may replace it.

    """

    def __init__(self, folder: S3Folder, name: str, seconds: float) -> None:
        import secrets
        import socket

        self._folder = folder
        self._name = name
        self._seconds = seconds
        self._content: dict[str, Any] = {
            "owner": f"process {os.getpid()} of {socket.gethostname()}",
            "token": secrets.token_hex(16),
            "seconds": seconds,
            "renewals": 0,
        }
        self._tag = ""
        self._guard = threading.Lock()
        self._released = threading.Event()

    def take(self) -> str | None:
        """Return None if the lock is ours now, else who has it."""
        if not self._put(IfNoneMatch="*"):
            found = self._find()
            if found is None:
                return "somebody who just freed it"
            content, tag, age = found
            if content.get("token") == self._content["token"]:
                # The answer to the first attempt was lost.
                self._tag = tag
            elif age <= content["seconds"] + 1 or not self._put(IfMatch=tag):
                return str(content["owner"])
        self._folder.assert_conditional(self._name, self._tag)
        threading.Thread(
            target=self._renew, name=f"renews {self._name}", daemon=True
        ).start()
        return None

    def _put(self, **condition: str) -> bool:
        body = json.dumps(self._content).encode()
        try:
            answer, _ = self._folder.call(
                "put_object", self._name, Body=body, **condition
            )
        except FileNotFoundError:
            # What was to be replaced is gone.
            return False
        except StoreUnavailableError as e:
            if is_conflict(e):
                return False
            raise
        self._tag = answer["ETag"]
        return True

    def _find(self) -> tuple[dict[str, Any], str, float] | None:
        from email.utils import parsedate_to_datetime

        try:
            answer, body = self._folder.call("get_object", self._name)
        except FileNotFoundError:
            return None
        date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
        age = parsedate_to_datetime(date) - answer["LastModified"]
        try:
            content = json.loads(body)
            content["seconds"] + 0, content["owner"]
        except (ValueError, TypeError, LookupError):
            content = {"owner": "somebody else", "seconds": self._seconds}
        return content, answer["ETag"], age.total_seconds()

    def _renew(self) -> None:
        while not self._released.wait(self._seconds / 3):
            try:
                with self._guard:
                    if self._released.is_set() or not self._renew_once():
                        # The one who releases it tells.
                        return
            except Exception as e:  # noqa: BLE001  drivers raise anything if closed
                if not self._released.is_set():
                    logger.warning("Can't renew a lock: %s", e)

    def _renew_once(self) -> bool:
        # The content changes, and so the tag, for nobody to replace it who has
        # seen it before.
        self._content["renewals"] += 1
        if self._put(IfMatch=self._tag):
            return True
        found = self._find()
        if found is None or found[0].get("token") != self._content["token"]:
            return False
        self._tag = found[1]
        return True

    def release(self) -> None:
        self._released.set()
        with self._guard:
            try:
                found = self._find()
                if (
                    found is not None
                    and found[0].get("token") == self._content["token"]
                ):
                    self._folder.call("delete_object", self._name, IfMatch=found[1])
                    return
            except FileNotFoundError:
                pass
            except StoreUnavailableError as e:
                if not is_conflict(e):
                    logger.warning("A lock stays for %s seconds: %s", self._seconds, e)
                    return
        logger.warning(
            "Lock %r was lost while held: somebody else may have done the same work",
            self._name,
        )


def is_conflict(error: PersistableError) -> bool:
    """Return whether an error is that of a request whose condition doesn't hold.

    :param error: what the request raised

    """
    cause = error.__cause__
    response = getattr(getattr(cause, "__cause__", None), "response", None) or {}
    return response.get("Error", {}).get("Code") in _CONFLICTS


class _Lock:
    """A lock as this process sees it: its threads compete for the first part and
    the winner competes with other processes for the lease.

    """

    def __init__(self) -> None:
        self.threads = threading.RLock()
        self.depth = 0
        self.lease: _Lease | None = None


class _Registry:
    """The locks of this process that somebody has or waits for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[tuple[object, ...], _Lock] = (
            WeakValueDictionary()
        )

    def lock(self, *place: object) -> _Lock:
        with self._guard:
            return self._locks.setdefault(place, _Lock())


_registry: Final = _Registry()

if hasattr(os, "register_at_fork"):
    # What this process holds, its child doesn't.
    os.register_at_fork(after_in_child=_registry.forget)


@contextmanager
def s3_lock(
    folder: S3Folder, prefix: str, key: str, timeout: float | None, seconds: float
) -> Iterator[None]:
    """Hold a lock while the ``with`` block runs.  One thread of one process, of all
    that use the bucket, has it at a time, and may enter as many blocks with the
    same key as it likes.

    The lock of a process that dies, or is cut off from the server, expires; as
    long as it lives, it renews it.

    :param folder: whose key it is

    :param prefix: where the objects are that stand for locks

    :param key: the key

    :param timeout: how many seconds to wait at most; None waits as long as it
                    takes, and 0 not at all

    :param seconds: how long the lock outlives its owner

    :raises LockTimeoutError: if somebody else still has the lock by then

    :raises StoreUnavailableError: if the server can't be reached

    :raises PersistableError: if the server doesn't know conditional writes

    """
    wait = -1.0
    if timeout is not None:
        wait = min(max(timeout, 0.0), threading.TIMEOUT_MAX)
    deadline = time.monotonic() + wait
    data = key.encode("utf-8", "surrogatepass")
    name = f"{prefix}{blake2b(data, digest_size=16).hexdigest()}.lock"
    lock = _registry.lock(folder.fs.endpoint_url, folder.bucket, name)
    if not lock.threads.acquire(timeout=wait):
        raise _timeout_error(folder, key, timeout, "another thread of this process")
    pid = os.getpid()
    try:
        if lock.depth == 0:
            lease = _Lease(folder, name, seconds)
            _take(lease, folder, key, timeout, deadline)
            lock.lease = lease
        lock.depth += 1
        try:
            yield
        finally:
            lock.depth -= 1
            # A child that was forked inside its parent's block just leaves it.
            if lock.depth == 0 and lock.lease is not None and pid == os.getpid():
                lock.lease.release()
    finally:
        lock.threads.release()


def _take(
    lease: _Lease,
    folder: S3Folder,
    key: str,
    timeout: float | None,
    deadline: float,
) -> None:
    pause, most = _POLLS
    while (owner := lease.take()) is not None:
        left = most if timeout is None else deadline - time.monotonic()
        if left <= 0:
            raise _timeout_error(folder, key, timeout, owner)
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, most)


def _timeout_error(
    folder: S3Folder, key: str, timeout: float | None, owner: str
) -> LockTimeoutError:
    return LockTimeoutError(
        f"Could not lock key {key!r} of {folder.address} within {timeout} seconds, "
        f"since {owner} has it: wait longer or, if it hangs, end it"
    )

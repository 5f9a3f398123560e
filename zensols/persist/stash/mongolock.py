"""Locks on keys that are documents with a lease in a MongoDB collection."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import uuid4
from weakref import WeakValueDictionary

from ..error import LockTimeoutError, PersistableError
from .mongoclient import Document, MongoLink
from .mongofiles import expired

__all__ = ["LEASE", "lease_lock"]

logger = logging.getLogger(__name__)

LEASE: Final = 30.0
"""How many seconds a lock outlives an owner that was killed."""

_FIRST_POLL: Final = 0.01
_LAST_POLL: Final = 0.25
"""Seconds between attempts to get a lock that somebody else has."""


class _Lease:
    """A document that says who has a lock, renewed by a thread."""

    def __init__(self, link: MongoLink, collection: str, item: str, lease: float):
        self._link = link
        self._collection = collection
        self._item = item
        self._lease = lease
        self._owner = uuid4().hex
        self._released = threading.Event()

    def _touch(self, condition: Document, upsert: bool = False) -> bool:
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        done = self._link.collection(self._collection).update_one(
            {"_id": self._item, **condition},
            {
                "$set": {"owner": self._owner, "holder": holder, "lease": self._lease},
                "$currentDate": {"at": True},
            },
            upsert=upsert,
        )
        return done.matched_count > 0 or done.upserted_id is not None

    def acquire(self) -> bool:
        from pymongo.errors import DuplicateKeyError

        with self._link.errors():
            try:
                # Also if an attempt of ours succeeded without our hearing of it.
                acquired = self._touch({"owner": self._owner}, upsert=True)
            except DuplicateKeyError:
                acquired = self._touch(expired("$lease"))
        if acquired:
            threading.Thread(
                target=self._renew, name=f"lease of {self._item:.40}", daemon=True
            ).start()
        return acquired

    def _renew(self) -> None:
        while not self._released.wait(self._lease / 3):
            try:
                with self._link.errors():
                    kept = self._touch({"owner": self._owner})
            except PersistableError as e:
                logger.warning("Can't renew the lock of %r: %s", self._item, e)
                continue
            if not kept:
                if not self._released.is_set():
                    logger.warning("Lost the lock of %r", self._item)
                return

    def release(self) -> None:
        self._released.set()
        try:
            with self._link.errors():
                self._link.collection(self._collection).delete_one(
                    {"_id": self._item, "owner": self._owner}
                )
        except PersistableError as e:
            # What was done under the lock is done; the lease expires.
            logger.warning("Can't release the lock of %r: %s", self._item, e)

    def holder(self) -> str:
        with self._link.errors():
            found = self._link.collection(self._collection).find_one(
                {"_id": self._item}, ["holder"]
            )
        return "somebody else" if found is None else str(found["holder"])


class _Lock:
    """The lock of a key in this process."""

    def __init__(self) -> None:
        self.threads = threading.RLock()
        self.pid = os.getpid()
        self.depth = 0
        self.lease: _Lease | None = None

    def release(self) -> None:
        if self.pid != os.getpid():
            # A child that was forked inside its parent's block leaves it.
            return
        try:
            self.depth -= 1
            if self.depth == 0 and self.lease is not None:
                lease, self.lease = self.lease, None
                lease.release()
        finally:
            self.threads.release()


class _Registry:
    """The locks that some thread of this process has or waits for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[tuple[str, ...], _Lock] = WeakValueDictionary()

    def lock(self, *place: str) -> _Lock:
        with self._guard:
            lock = self._locks.get(place)
            if lock is None:
                lock = self._locks[place] = _Lock()
        return lock


_registry: Final = _Registry()

if hasattr(os, "register_at_fork"):
    # What this process holds, its child doesn't.
    os.register_at_fork(after_in_child=_registry.forget)


@contextmanager
def lease_lock(
    link: MongoLink,
    collection: str,
    item: str,
    label: str,
    timeout: float | None = None,
    *,
    lease: float = LEASE,
) -> Iterator[None]:
    """Hold a lock while the ``with`` block runs.  One thread of one process on one
    machine has it at a time, and may enter as many blocks as it likes.

    A thread renews the lease, so that a lock is kept as long as its process lives
    and reaches the server; that of a dead one is free once its lease expires, by
    the server's clock.

    :param link: connects to the database

    :param collection: where the documents are, which are deleted afterwards

    :param item: the document's identifier

    :param label: what the lock is called in errors

    :param timeout: how many seconds to wait at most; None, the default, waits as
                    long as it takes, and 0 not at all

    :param lease: seconds without renewal after which a holder is taken to be dead

    :raises LockTimeoutError: if somebody else still has the lock by then

    :raises StoreUnavailableError: if the server can't be reached

    """
    lock = _registry.lock(link.address, collection, item)
    seconds = -1.0
    if timeout is not None:
        seconds = min(max(timeout, 0.0), threading.TIMEOUT_MAX)
    end = time.monotonic() + seconds
    if not lock.threads.acquire(timeout=seconds):
        raise _timeout_error(label, timeout, "another thread of this process")
    try:
        if lock.depth == 0:
            wanted = _Lease(link, collection, item, lease)
            _take(wanted, label, timeout, end)
            lock.lease = wanted
        lock.depth += 1
    except BaseException:
        lock.threads.release()
        raise
    try:
        yield
    finally:
        lock.release()


def _take(wanted: _Lease, label: str, timeout: float | None, end: float) -> None:
    poll = _FIRST_POLL
    while not wanted.acquire():
        left = poll if timeout is None else end - time.monotonic()
        if left <= 0:
            raise _timeout_error(label, timeout, wanted.holder())
        time.sleep(min(poll, left))
        poll = min(poll * 1.5, _LAST_POLL)


def _timeout_error(label: str, timeout: float | None, owner: str) -> LockTimeoutError:
    return LockTimeoutError(
        f"Could not lock {label} within {timeout} seconds, since {owner} has it: wait "
        "longer or, if it hangs, end it"
    )

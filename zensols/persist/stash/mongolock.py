"""Locks on keys that are documents with a lease in a MongoDB collection."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4
from weakref import WeakValueDictionary

from ..error import LockTimeoutError, PersistableError
from .mongoclient import Document, MongoLink

if TYPE_CHECKING:
    from pymongo.collection import Collection

__all__ = ["LEASE", "lease_lock"]

logger = logging.getLogger(__name__)

LEASE: Final = 30.0
"""How many seconds a lock outlives an owner that was killed."""

_POLLS: Final = 0.01, 0.2
"""The fewest and most seconds between attempts to get a lock."""


class _Lease:
    """A document that says who has a lock, renewed by a thread."""

    def __init__(self, link: MongoLink, collection: str, item: str, lease: float):
        self._link = link
        self._collection = collection
        self._item = item
        self._lease = lease
        self._owner = uuid4().hex
        self._released = threading.Event()

    @property
    def _locks(self) -> Collection[Document]:
        return self._link.collection(self._collection)

    def _touch(self, of: Document, upsert: bool = False) -> bool:
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        done = self._locks.update_one(
            {"_id": self._item, **of},
            {
                "$set": {"owner": self._owner, "holder": holder, "lease": self._lease},
                "$currentDate": {"at": True},
            },
            upsert=upsert,
        )
        return done.matched_count > 0 or done.upserted_id is not None

    def take(self) -> str | None:
        """Return None if the lock is ours now, else who has it."""
        with self._link.errors():
            holder = self._take()
        if holder is None:
            threading.Thread(
                target=self._renew, name=f"renews {self._item:.40}", daemon=True
            ).start()
        return holder

    def _take(self) -> str | None:
        from pymongo.errors import DuplicateKeyError

        try:
            # Finds it, too, if it became ours without our hearing of it.
            self._touch({"owner": self._owner}, upsert=True)
            return None
        except DuplicateKeyError:
            found = self._locks.find_one({"_id": self._item})
        if found is None:
            return "somebody else"
        end = found["at"] + timedelta(seconds=found["lease"])
        if end >= self._link.now(self._collection):
            return str(found["holder"])
        # Unless its owner renews it, or somebody else takes it, meanwhile.
        unchanged = {"owner": found["owner"], "at": found["at"]}
        return None if self._touch(unchanged) else str(found["holder"])

    def _renew(self) -> None:
        while not self._released.wait(self._lease / 3):
            try:
                with self._link.errors():
                    kept = self._touch({"owner": self._owner})
            except Exception as e:  # noqa: BLE001  drivers raise anything if closed
                if not self._released.is_set():
                    logger.warning("Can't renew a lock: %s", e)
                continue
            if not kept:
                # The one who releases it tells.
                return

    def release(self) -> None:
        self._released.set()
        try:
            with self._link.errors():
                done = self._locks.delete_one({"_id": self._item, "owner": self._owner})
        except PersistableError as e:
            # What was done under the lock is done.
            logger.warning("A lock stays for %s seconds: %s", self._lease, e)
        else:
            if not done.deleted_count:
                logger.warning(
                    "Lock %r was lost while held: somebody else may have done the "
                    "same work",
                    self._item,
                )


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
    pause, longest = _POLLS
    while (holder := wanted.take()) is not None:
        if timeout is not None:
            left = end - time.monotonic()
            if left <= 0:
                raise _timeout_error(label, timeout, holder)
            pause = min(pause, left)
        time.sleep(pause)
        pause = min(2 * pause, longest)


def _timeout_error(label: str, timeout: float | None, owner: str) -> LockTimeoutError:
    return LockTimeoutError(
        f"Could not lock {label} within {timeout} seconds, since {owner} has it: wait "
        "longer or, if it hangs, end it"
    )

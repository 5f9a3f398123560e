"""Locks on keys that are documents with a lease in a MongoDB collection."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from .lease import LEASE, Lease
from .mongoclient import Document, MongoLink

if TYPE_CHECKING:
    from pymongo.collection import Collection

__all__ = ["LEASE", "lease_lock"]


class _DocumentLease(Lease):
    """A document that says who has a lock, and since when, by the server's clock."""

    def __init__(
        self, link: MongoLink, collection: str, item: str, seconds: float
    ) -> None:
        super().__init__((link.address, collection, item), seconds)
        self._link = link
        self._collection = collection
        self._item = item
        self._owner = uuid4().hex

    @property
    def _locks(self) -> Collection[Document]:
        return self._link.collection(self._collection)

    def _touch(self, of: Document, upsert: bool = False) -> bool:
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        done = self._locks.update_one(
            {"_id": self._item, **of},
            {
                "$set": {"owner": self._owner, "holder": holder, "lease": self.seconds},
                "$currentDate": {"at": True},
            },
            upsert=upsert,
        )
        return done.matched_count > 0 or done.upserted_id is not None

    def take(self) -> str | None:
        with self._link.errors():
            return self._take_document()

    def _take_document(self) -> str | None:
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

    def renew(self) -> bool:
        with self._link.errors():
            return self._touch({"owner": self._owner})

    def release(self) -> bool:
        with self._link.errors():
            done = self._locks.delete_one({"_id": self._item, "owner": self._owner})
            return done.deleted_count > 0


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
    with _DocumentLease(link, collection, item, lease).hold(label, timeout):
        yield

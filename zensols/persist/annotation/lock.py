"""Locks between threads for objects that must stay free of them, since they are
pickled and inherited by forked processes.

"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from ..error import LockTimeoutError

__all__ = ["locked"]


class _Registry:
    """The locks of this process, by the object that each belongs to."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakKeyDictionary[object, threading.RLock] = WeakKeyDictionary()

    def lock(self, holder: object) -> threading.RLock:
        with self._guard:
            lock = self._locks.get(holder)
            if lock is None:
                lock = self._locks[holder] = threading.RLock()
        return lock


_registry = _Registry()

if hasattr(os, "register_at_fork"):
    # What the threads of the parent hold, no thread of the child would release.
    os.register_at_fork(after_in_child=_registry.forget)


@contextmanager
def locked(holder: object, timeout: float | None = None) -> Iterator[float | None]:
    """Hold the re-entrant lock of an object while the ``with`` block runs.

    :param holder: the object, compared by identity

    :param timeout: how many seconds to wait at most; None, the default, waits as
                    long as it takes

    :return: what is left of the timeout

    :raises LockTimeoutError: if another thread has it for longer

    >>> from zensols.persist.annotation.lock import locked
    >>> class Holder:
    ...     pass
    >>> holder = Holder()
    >>> with locked(holder), locked(holder, timeout=5) as left:
    ...     left <= 5
    True

    """
    lock = _registry.lock(holder)
    start = time.monotonic()
    if not lock.acquire(timeout=-1 if timeout is None else max(timeout, 0)):
        raise LockTimeoutError(
            f"Could not get {holder} within {timeout} seconds, since another thread "
            f"of this process, {os.getpid()}, is computing it: wait longer"
        )
    try:
        yield (
            None if timeout is None else max(timeout - (time.monotonic() - start), 0)
        )
    finally:
        lock.release()

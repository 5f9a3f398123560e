"""Locks on the keys of stashes that only this process uses."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakValueDictionary

from ..error import LockTimeoutError

__all__ = ["stash_lock"]


class _Lock:
    def __init__(self) -> None:
        self.lock = threading.RLock()


class _Registry:
    """The locks that some thread has or waits for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[tuple[int, str], _Lock] = WeakValueDictionary()

    def lock(self, stash: object, key: str) -> _Lock:
        with self._guard:
            return self._locks.setdefault((id(stash), key), _Lock())


_registry: Final = _Registry()

if hasattr(os, "register_at_fork"):
    # A forked child has none of the threads that hold these.
    os.register_at_fork(after_in_child=_registry.forget)


@contextmanager
def stash_lock(stash: object, key: str, timeout: float | None = None) -> Iterator[None]:
    """Hold the lock of an object's key; other threads wait, the same thread may
    hold it again.

    :param stash: the object

    :param key: the key

    :param timeout: how many seconds to wait; by default for ever

    :raises LockTimeoutError: if another thread keeps it longer

    """
    seconds = -1.0
    if timeout is not None:
        seconds = min(max(timeout, 0.0), threading.TIMEOUT_MAX)
    entry = _registry.lock(stash, key)
    if not entry.lock.acquire(timeout=seconds):
        raise LockTimeoutError(
            f"Could not lock key {key!r} of {type(stash).__name__} within {timeout} "
            "seconds, since another thread has it: wait longer"
        )
    try:
        yield
    finally:
        entry.lock.release()

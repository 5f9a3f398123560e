"""Locks on the keys of stashes that only this process uses."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from ..error import LockTimeoutError

__all__ = ["stash_lock"]


class _Lock:
    def __init__(self) -> None:
        self.lock = threading.RLock()


_guard = threading.Lock()
_locks: WeakValueDictionary[tuple[int, str], _Lock] = WeakValueDictionary()


def _forget() -> None:
    # A forked child has none of the threads that hold these.
    global _guard
    _guard = threading.Lock()
    _locks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@contextmanager
def stash_lock(stash: object, key: str, timeout: float | None = None) -> Iterator[None]:
    """Hold the lock of an object's key; other threads wait, the same thread may
    hold it again.

    :param stash: the object

    :param key: the key

    :param timeout: how many seconds to wait; by default for ever

    :raises LockTimeoutError: if another thread keeps it longer

    """
    with _guard:
        entry = _locks.setdefault((id(stash), key), _Lock())
    if not entry.lock.acquire(timeout=-1 if timeout is None else timeout):
        raise LockTimeoutError(
            f"Key {key!r} of {type(stash).__name__} is locked by another thread for "
            f"over {timeout} seconds"
        )
    try:
        yield
    finally:
        entry.lock.release()

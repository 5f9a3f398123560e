"""Locks between threads, for objects that are pickled and inherited by forked
processes.

"""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType
from typing import Protocol

from ..error import LockTimeoutError

__all__ = ["Holder", "ThreadLock", "locked"]


class _Process:
    """What is new in a forked process."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.forks = 0

    def fork(self) -> None:
        self.guard = threading.Lock()
        self.forks += 1


_process = _Process()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.fork)


class ThreadLock:
    """A re-entrant lock that a forked process doesn't inherit: what the threads
    of the parent hold, none of the child's would release.

    """

    __slots__ = ("_forks", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._forks = _process.forks

    def get(self) -> threading.RLock:
        """Return this process's lock."""
        if self._forks != _process.forks:
            with _process.guard:
                if self._forks != _process.forks:
                    self._lock = threading.RLock()
                    self._forks = _process.forks
        return self._lock


class Holder(Protocol):
    """An object with a lock of its own."""

    @property
    def lock(self) -> ThreadLock:
        """The lock."""


class locked:  # noqa: N801 - a context manager's name is its usage
    """Holds the lock of an object while the ``with`` block runs; ``as`` gives
    what is left of the timeout.

    >>> from types import SimpleNamespace
    >>> from zensols.persist.annotation.lock import ThreadLock, locked
    >>> holder = SimpleNamespace(lock=ThreadLock())
    >>> with locked(holder), locked(holder, timeout=5) as left:
    ...     left <= 5
    True

    """

    __slots__ = ("_holder", "_lock", "_timeout")

    def __init__(self, holder: Holder, timeout: float | None = None) -> None:
        """
        :param holder: the object

        :param timeout: how many seconds to wait at most; None, the default, waits
                        as long as it takes

        """
        self._holder = holder
        self._timeout = timeout
        # This very one is released, also by a child that was forked meanwhile.
        self._lock = holder.lock.get()

    def __enter__(self) -> float | None:
        """
        :raises LockTimeoutError: if another thread has the lock for longer

        """
        timeout = self._timeout
        if timeout is None:
            self._lock.acquire()
            return None
        start = time.monotonic()
        if not self._lock.acquire(timeout=max(timeout, 0)):
            raise LockTimeoutError(
                f"Could not get {self._holder} within {timeout} seconds, since another "
                f"thread of this process, {os.getpid()}, is computing it: wait longer"
            )
        return max(timeout - (time.monotonic() - start), 0)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()

"""A gate that keeps one thread from taking away what others are using."""

from __future__ import annotations

import threading
import time
from weakref import WeakSet

__all__ = ["Gate"]


class Gate:
    """Any number of threads are inside of a gate at once, each as often nested as
    it likes.  Who shuts it waits until they have left, and is then alone.

    To be inside is to hold :attr:`own`'s lock, which each thread has its own of;
    to shut the gate is to hold those of all threads.

    Safe to use from several threads.

    >>> gate = Gate()
    >>> with gate.own.lock, gate.own.lock:
    ...     gate.shut(timeout=0)
    False
    >>> gate.shut(timeout=0)
    True
    >>> gate.reopen()

    """

    def __init__(self) -> None:
        self._keeping = threading.Lock()
        self._locks: WeakSet[threading.RLock] = WeakSet()
        self._held: list[threading.RLock] = []
        self.own = _Own(self)

    def add(self, lock: threading.RLock) -> None:
        """Add a thread, but not while the gate is shut.

        :param lock: the lock of the thread

        """
        with self._keeping:
            self._locks.add(lock)

    def shut(self, timeout: float) -> bool:
        """Wait until no thread is inside, and let none enter but this one.

        :param timeout: how many seconds to wait at most

        :return: whether it is shut: not if others stay inside for longer, or this
                 thread is inside itself

        """
        if _is_held(self.own.lock):
            return False
        end = time.monotonic() + timeout
        if not self._keeping.acquire(timeout=timeout):
            return False
        for lock in list(self._locks):
            if not lock.acquire(timeout=max(0.0, end - time.monotonic())):
                self.reopen()
                return False
            self._held.append(lock)
        return True

    def reopen(self) -> None:
        """Let threads enter again; call it in the thread that has shut the gate."""
        while self._held:
            self._held.pop().release()
        self._keeping.release()


class _Own(threading.local):
    def __init__(self, gate: Gate) -> None:
        self.lock = threading.RLock()
        gate.add(self.lock)


def _is_held(lock: threading.RLock) -> bool:
    try:
        # Which is refused to who doesn't have the lock.
        threading.Condition(lock).notify()
    except RuntimeError:
        return False
    return True

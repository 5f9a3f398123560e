"""Locks that all who use a server share, and those of them that are leases: they
expire unless the process that has them renews them.

"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Final
from weakref import WeakValueDictionary

from ..error import LockTimeoutError, PersistableError

__all__ = ["LEASE", "Lease", "Wait", "hold_lock"]

logger = logging.getLogger(__name__)

LEASE: Final = 30.0
"""How many seconds a lock outlives an owner that was killed."""


class Wait:
    """How long somebody waits for a lock, beginning now.

    Only one thread can use this.

    >>> wait = Wait("key 'a'", timeout=0.002, polls=(0.001, 0.001, 1.0))
    >>> while wait.pause():
    ...     pass
    >>> str(wait.error("process 7")).partition(":")[0]
    "Could not lock key 'a' within 0.002 seconds, since process 7 has it"

    """

    def __init__(
        self, label: str, timeout: float | None, polls: tuple[float, float, float]
    ) -> None:
        """
        :param label: what the lock is called in errors

        :param timeout: how many seconds to wait at most; None waits as long as it
                        takes, and 0 not at all

        :param polls: the fewest and most seconds between attempts, and how many
                      times as long each pause is as the one before

        """
        self._label = label
        self._timeout = timeout
        self._pause, self._most, self._growth = polls
        self.seconds = -1.0
        """The timeout as locks of threads take it: -1 for one without end."""
        self._end = math.inf
        if timeout is not None:
            self.seconds = min(max(timeout, 0.0), threading.TIMEOUT_MAX)
            self._end = time.monotonic() + self.seconds

    def pause(self) -> bool:
        """Wait for a while after an attempt that failed.

        :return: whether to try again: not if the time was over before

        """
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(self._pause, left))
        self._pause = min(self._growth * self._pause, self._most)
        return True

    def error(self, owner: str) -> LockTimeoutError:
        """Return the error for a time that is over.

        :param owner: who has the lock

        """
        return LockTimeoutError(
            f"Could not lock {self._label} within {self._timeout} seconds, since "
            f"{owner} has it: wait longer or, if it hangs, end it"
        )


class _Lock:
    """A lock as this process sees it: its threads compete for the first part and
    the winner competes with other processes for the second.

    """

    def __init__(self) -> None:
        self.threads = threading.RLock()
        self.depth = 0
        self.give_back: Callable[[], None] | None = None


class _Registry:
    """The locks of this process that somebody has or waits for."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[Hashable, _Lock] = WeakValueDictionary()

    def lock(self, place: Hashable) -> _Lock:
        with self._guard:
            return self._locks.setdefault(place, _Lock())


_registry: Final = _Registry()

if hasattr(os, "register_at_fork"):
    # What this process holds, its child doesn't.
    os.register_at_fork(after_in_child=_registry.forget)


@contextmanager
def hold_lock(
    place: Hashable, take: Callable[[Wait], Callable[[], None]], wait: Wait
) -> Iterator[None]:
    """Hold a lock while the ``with`` block runs.  One thread of one process has it
    at a time, and may enter as many blocks with the same place as it likes.  A
    child that is forked inside a block doesn't have it.

    :param place: where the lock is, the server included: what has the same place
                  is the same lock

    :param take: gets the lock from other processes, for the first block of the
                 thread, and returns what gives it back after the last one

    :param wait: how long to wait for other threads, handed to ``take`` for what
                 is left of it

    :raises LockTimeoutError: if another thread still has the lock by then

    >>> def take(wait):
    ...     print("taken")
    ...     return lambda: print("given back")
    >>> def wait():
    ...     return Wait("key 'a'", timeout=0, polls=(0.01, 0.2, 2.0))
    >>> with hold_lock("a", take, wait()), hold_lock("a", take, wait()):
    ...     print("held")
    taken
    held
    given back

    """
    lock = _registry.lock(place)
    if not lock.threads.acquire(timeout=wait.seconds):
        raise wait.error("another thread of this process")
    pid = os.getpid()
    try:
        if lock.depth == 0:
            lock.give_back = take(wait)
        lock.depth += 1
        try:
            yield
        finally:
            lock.depth -= 1
            # A child that was forked inside its parent's block just leaves it.
            if lock.depth == 0 and lock.give_back is not None and pid == os.getpid():
                lock.give_back()
    finally:
        lock.threads.release()


class Lease(ABC):
    """The proof that this process owns a lock on a server, on which it expires.  A
    thread renews it, so that it does so only if the process has died, or is cut
    off from the server.

    A class for a kind of servers says how to take, renew and release it.  Each
    object serves one :meth:`hold`, in the process that made it; :meth:`renew` runs
    in another thread than the rest, maybe at the same time as :meth:`release`.

    >>> class DictLease(Lease):
    ...     owners = {}
    ...     def take(self):
    ...         owner = self.owners.setdefault(self.place, self)
    ...         return None if owner is self else "somebody else"
    ...     def renew(self):
    ...         return self.owners.get(self.place) is self
    ...     def release(self):
    ...         return self.owners.pop(self.place, None) is self
    >>> with DictLease(("here", "a"), seconds=30).hold("key 'a'", timeout=0):
    ...     list(DictLease.owners)
    [('here', 'a')]
    >>> DictLease.owners
    {}

    """

    polls: ClassVar[tuple[float, float, float]] = 0.01, 0.2, 2.0
    """The fewest and most seconds between attempts to take it, and how many times
    as long each pause is as the one before.
    """

    def __init__(self, place: tuple[Hashable, ...], seconds: float) -> None:
        """
        :param place: where the lock is: the server, and so on to the lock's name
                      in the end, by which the log calls it

        :param seconds: how long the lock outlives its owner

        """
        self.place = place
        self.seconds = seconds
        self.released = threading.Event()
        """Set once nobody needs the lock any more."""

    @abstractmethod
    def take(self) -> str | None:
        """Try once to get the lock, which is ours, too, if an earlier attempt of
        this object got it without hearing of it.

        :return: None if the lock is ours now, else who has it

        """

    @abstractmethod
    def renew(self) -> bool:
        """Have the lock expire that much later.  What this raises is logged, and it
        is called again.

        :return: whether the lock is still ours

        """

    @abstractmethod
    def release(self) -> bool:
        """Free the lock, unless it is somebody else's by now.

        :return: whether it was still ours

        :raises PersistableError: if that can't be done now, which is logged: the
                                  lock expires

        """

    def hold(self, label: str, timeout: float | None) -> AbstractContextManager[None]:
        """Return what holds the lock while a ``with`` block runs.  One thread of one
        process has it at a time, and may enter as many blocks of other objects
        with the same place as it likes.

        :param label: what the lock is called in errors

        :param timeout: how many seconds to wait from now on; None waits as long as
                        it takes, and 0 not at all

        :raises LockTimeoutError: if somebody else still has the lock by then

        """
        return hold_lock(self.place, self._take, Wait(label, timeout, self.polls))

    def _take(self, wait: Wait) -> Callable[[], None]:
        while (owner := self.take()) is not None:
            if not wait.pause():
                raise wait.error(owner)
        name = f"renews {self.place[-1]!r:.60}"
        threading.Thread(target=self._keep, name=name, daemon=True).start()
        return self._give_back

    def _keep(self) -> None:
        while not self.released.wait(self.seconds / 3):
            try:
                if not self.renew():
                    # The one who releases it tells.
                    return
            except Exception as e:  # noqa: BLE001  drivers raise anything if closed
                if not self.released.is_set():
                    logger.warning("Can't renew a lock: %s", e)

    def _give_back(self) -> None:
        self.released.set()
        try:
            was_ours = self.release()
        except PersistableError as e:
            # What was done under the lock is done.
            logger.warning("A lock stays for %s seconds: %s", self.seconds, e)
        else:
            if not was_ours:
                logger.warning(
                    "Lock %r was lost while held: somebody else may have done the "
                    "same work",
                    self.place[-1],
                )

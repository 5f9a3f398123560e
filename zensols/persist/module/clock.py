"""What drives the cycle in which modules are written: time, or a test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """Calls a function again and again.

    >>> from zensols.persist.module import Clock, ManualClock
    >>> clock: Clock = ManualClock()
    >>> stop = clock.every(10, lambda: None)

    """

    def every(self, seconds: float, function: Callable[[], None]) -> Callable[[], None]:
        """Call a function from now on.

        :param seconds: how often, the first time included

        :param function: must not raise

        :return: what ends the calls; it does not wait for one that goes on

        """
        ...


class SystemClock:
    """Calls in daemon threads, one for each function, at times that don't drift;
    those that were missed, such as while the machine slept, are left out.  To set
    the system's time has no effect.

    Safe to share between threads; a forked child has none of the calls.

    >>> from zensols.persist.module import SystemClock
    >>> stop = SystemClock().every(3600, lambda: None)
    >>> stop()

    """

    def every(self, seconds: float, function: Callable[[], None]) -> Callable[[], None]:
        """See :meth:`Clock.every`."""
        stop = threading.Event()

        def run() -> None:
            due = time.monotonic() + seconds
            while not stop.wait(due - time.monotonic()):
                function()
                missed = max(0, int((time.monotonic() - due) // seconds))
                due += seconds * (missed + 1)

        threading.Thread(target=run, name="persistent modules", daemon=True).start()
        return stop.set


class ManualClock:
    """A clock for tests, which stands still until it is set forward.

    Not safe to advance in two threads at a time.

    >>> from zensols.persist.module import ManualClock
    >>> clock = ManualClock()
    >>> stop = clock.every(10, lambda: print("called"))
    >>> clock.advance(25)
    called
    called

    """

    def __init__(self) -> None:
        self._now = 0.0
        self._due: dict[int, tuple[float, float, Callable[[], None]]] = {}
        self._number = 0

    def every(self, seconds: float, function: Callable[[], None]) -> Callable[[], None]:
        """See :meth:`Clock.every`."""
        self._number += 1
        number = self._number
        self._due[number] = (self._now + seconds, seconds, function)

        def stop() -> None:
            self._due.pop(number, None)

        return stop

    def advance(self, seconds: float) -> None:
        """Make all calls of some time, in this thread.

        :param seconds: how far to go on

        """
        end = self._now + seconds
        while due := [(at, number) for number, (at, *_) in self._due.items()]:
            at, number = min(due)
            if at > end:
                break
            self._now = at
            _, step, function = self._due[number]
            self._due[number] = (at + step, step, function)
            function()
        self._now = end

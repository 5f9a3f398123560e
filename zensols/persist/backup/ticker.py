"""Doing something again and again, without drifting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from math import floor
from typing import Protocol

__all__ = ["SYSTEM", "Clock", "Ticker", "next_tick"]

logger = logging.getLogger(__name__)


class Clock(Protocol):
    """What tells the time and waits.

    >>> SYSTEM.wait(threading.Event(), 0)
    False

    """

    def now(self) -> float:
        """Return seconds that never go back."""

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait, unless or until an event is set.

        :param stop: the event

        :param seconds: how long at most

        :return: whether it is set

        """


class _System:
    def now(self) -> float:
        return time.monotonic()

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        return stop.wait(seconds)


SYSTEM: Clock = _System()
"""The system's clock."""


def next_tick(start: float, interval: float, now: float) -> float:
    """Return when the next tick is: a whole number of intervals after the start.
    Those that were missed are left out.

    :param start: when the first interval began

    :param interval: how many seconds it has

    :param now: the time

    >>> next_tick(100, 10, 100), next_tick(100, 10, 109), next_tick(100, 10, 135)
    (110, 110, 140)

    """
    return start + (floor((now - start) / interval) + 1) * interval


class Ticker:
    """Calls a function at fixed times in a thread of its own, which doesn't keep the
    program from ending.  However long a call takes, the times stay the same; those that
    pass meanwhile are left out.

    Safe to use from several threads.

    >>> done = threading.Event()
    >>> ticker = Ticker(0.001, done.set)
    >>> ticker.start()
    >>> done.wait(60)
    True
    >>> ticker.stop()

    """

    def __init__(
        self, interval: float, action: Callable[[], object], clock: Clock = SYSTEM
    ) -> None:
        """
        :param interval: seconds from one time to the next

        :param action: is called; what it raises is logged

        :param clock: tells the time

        """
        self._interval = interval
        self._action = action
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self.run, name="zensols.persist backups", daemon=True
        )
        self._start: float | None = None
        self._due: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """How long it is to the next time; None if there is none."""
        due = None if self._stop.is_set() else self._due
        return None if due is None else max(0.0, due - self._clock.now())

    def start(self) -> None:
        """Begin: the first time is in one interval."""
        # At once, however late the thread comes to run: who starts this may ask for
        # the time that is left.
        self._begin()
        self._thread.start()

    def _begin(self) -> float:
        if self._start is None:
            self._start = self._clock.now()
            self._due = next_tick(self._start, self._interval, self._start)
        return self._start

    def run(self) -> None:
        """Call the function at each time, until this is stopped."""
        start = self._begin()
        due = next_tick(start, self._interval, start)
        while not self._wait(due):
            # Known to who asks while the function is called.
            self._due = next_tick(start, self._interval, self._clock.now())
            try:
                self._action()
            except Exception:  # it is called again
                logger.exception("Can't do what is due every %s s", self._interval)
            self._due = due = next_tick(start, self._interval, self._clock.now())

    def _wait(self, due: float) -> bool:
        while (left := due - self._clock.now()) > 0:
            if self._clock.wait(self._stop, min(left, threading.TIMEOUT_MAX)):
                return True
        return self._stop.is_set()

    def stop(self) -> None:
        """Call it no more, and wait until a call that is going on has ended."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

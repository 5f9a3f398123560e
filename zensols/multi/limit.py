"""The time that an item may take."""

from __future__ import annotations

import ctypes
import math
import signal
import threading
from time import monotonic
from types import FrameType
from typing import Any, Final, Self

from .error import ItemTimeoutError

__all__ = ["Limit"]

_LEAST_PAUSE: Final = 1.0
"""How many seconds there are at least for tidying up, before code that goes on
regardless is interrupted again.

"""


class Limit:
    """Interrupts items that take longer than they may, each between its
    :meth:`start` and :meth:`clear`: an :class:`.ItemTimeoutError` is raised in the
    midst of the running code.

    In the main thread, this is done with the alarm signal, which also interrupts
    waiting, such as :func:`time.sleep`; code that catches the error and goes on is
    interrupted again.  In other threads only Python code can be interrupted: an
    extension, or the system, is when it comes back to it.

    To be used by one thread at a time.  What the process does with the alarm signal
    otherwise is suspended while it is entered in the main thread.

    >>> with Limit(60) as limit:
    ...     limit.start("'word'")
    ...     limit.clear()

    """

    def __init__(self, seconds: float | None) -> None:
        """
        :param seconds: how long an item may take; None for as long as it likes

        :raises ValueError: if it isn't a positive number

        """
        given: Any = seconds
        if seconds is not None and (
            isinstance(given, bool)
            or not isinstance(given, int | float)
            or not 0 < seconds < math.inf
        ):
            raise ValueError(
                f"A time limit must be a positive number of seconds, or None for "
                f"none: {seconds!r}"
            )
        self._seconds = seconds
        self._clock: _Alarm | _Watch | None = None

    def start(self, item: str) -> None:
        """Begin to count the time of an item, and stop counting that of another.

        :param item: names it in the error

        """
        if self._clock is not None:
            self._clock.start(item)

    def clear(self) -> None:
        """Stop counting: the item is done.  Nothing is raised after that."""
        if self._clock is not None:
            self._clock.clear()

    def __enter__(self) -> Self:
        if self._seconds is not None:
            in_main = threading.current_thread() is threading.main_thread()
            # None is one that was not set by Python, and can't be set again by it.
            if in_main and _HAS_ALARM and signal.getsignal(signal.SIGALRM) is not None:
                self._clock = _Alarm(self._seconds)
            else:
                self._clock = _Watch(self._seconds)
        return self

    def __exit__(self, *_: object) -> None:
        clock = self._clock
        while clock is not None:
            try:
                clock.close()
            except ItemTimeoutError:
                # Just before it was closed, when the item was done.
                continue
            clock = self._clock = None


_HAS_ALARM: Final = hasattr(signal, "setitimer")


class _Clock:
    """Counts the time of an item."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due = math.inf
        self._item = ""

    def _error(self) -> ItemTimeoutError:
        return ItemTimeoutError(
            f"Item {self._item} took longer than {self._seconds:g} seconds"
        )


class _Alarm(_Clock):
    """Interrupts the main thread."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._began = monotonic()
        self._previous = signal.signal(signal.SIGALRM, self._ring)
        self._previous_timer = signal.setitimer(signal.ITIMER_REAL, 0)

    def start(self, item: str) -> None:
        self._item = item
        self._due = monotonic() + self._seconds
        pause = max(self._seconds, _LEAST_PAUSE)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, pause)

    def clear(self) -> None:
        # First, since the signal may already be there.
        self._due = math.inf
        signal.setitimer(signal.ITIMER_REAL, 0)

    def close(self) -> None:
        self.clear()
        signal.signal(signal.SIGALRM, self._previous)
        left, interval = self._previous_timer
        if left:
            # Zero would disarm it.
            left = max(left - (monotonic() - self._began), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, left, interval)

    def _ring(self, _: int, frame: FrameType | None) -> None:
        # It may be late, for the item before, or find us about to clear it.
        in_item = frame is None or frame.f_globals is not globals()
        if in_item and monotonic() >= self._due:
            raise self._error()


class _Watch(_Clock):
    """Interrupts the thread that makes it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._closed = False
        # Where an interruption is possible, this is entered, which is not left halfway.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._target = ctypes.c_ulong(threading.get_ident())
        self._watcher: threading.Thread | None = None

    def start(self, item: str) -> None:
        self.clear()
        self._item = item
        if self._watcher is None:
            self._watcher = threading.Thread(
                target=self._watch, name="zensols.multi limit", daemon=True
            )
            self._watcher.start()
        # Last, since starting a thread must not be interrupted.  Later than before, and
        # so noticed in time without waking the watcher.
        self._due = monotonic() + self._seconds

    def clear(self) -> None:
        with self._lock:
            if self._due != math.inf:
                self._due = math.inf
                self._interrupt(None)

    def close(self) -> None:
        self.clear()
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                left = min(self._due - monotonic(), self._seconds)
                if left > 0:
                    self._changed.wait(left)
                    continue
                # It has to be a class, which is called for what is raised.
                members = {"__new__": lambda _: self._error()}
                self._interrupt(type("Late", (ItemTimeoutError,), members))
                # Once only, since the code that closes us can be interrupted, too.
                self._watcher = None
                return

    def _interrupt(self, error: type[BaseException] | None) -> None:
        """Have an error raised in the thread soon, or not, if it isn't yet."""
        raised: Any = ctypes.py_object() if error is None else ctypes.py_object(error)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(self._target, raised)

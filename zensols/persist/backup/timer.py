"""Has something looked at each day at a time, by APScheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..error import PersistableError

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

    from .due import Daily

__all__ = ["Timer"]

_AGAIN: Final = 300
"""Seconds after which to look again in any case: the machine may have slept, its clock
been set, or what was due failed.
"""


class Timer:
    """Calls a function, in a thread that doesn't keep the program from ending: at once,
    at a time of day, and all five minutes in any case, so that it has to find out itself
    whether something is due.

    Safe to use from several threads.

    >>> from zensols.persist.backup.due import parse_time
    >>> called = threading.Event()
    >>> timer = Timer(called.set)
    >>> timer.start(parse_time("03:00", "UTC"))
    >>> called.wait(60)
    True
    >>> timer.stop()

    """

    def __init__(self, check: Callable[[], None]) -> None:
        """
        :param check: the function, never called by two threads at a time

        """
        self._check = check
        self._lock = threading.Lock()
        self._scheduler: BackgroundScheduler | None = None

    def start(self, daily: Daily) -> None:
        """Begin, if this hasn't begun.

        :param daily: the time of day

        :raises PersistableError: if the extra ``backup`` is missing

        """
        try:
            from apscheduler.schedulers.background import BackgroundScheduler

            from .trigger import DailyTrigger
        except ImportError as e:
            raise PersistableError(
                "Schedules need APScheduler: pip install 'zensols.persist[backup]'"
            ) from e
        with self._lock:
            if self._scheduler is not None:
                return
            self._scheduler = BackgroundScheduler(timezone=daily.zone, daemon=True)
            self._scheduler.add_job(
                self._check,
                DailyTrigger(daily, _AGAIN),
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
            self._scheduler.start()

    def stop(self) -> None:
        """End, if this hasn't ended, and wait until a call has returned."""
        with self._lock:
            scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=True)

"""When APScheduler is to look; imported only where that is installed."""

from __future__ import annotations

import datetime as dt

from apscheduler.triggers.base import BaseTrigger

from .due import Daily

__all__ = ["DailyTrigger"]


class DailyTrigger(BaseTrigger):  # type: ignore[misc]  # it has no types
    """Is due at once, then at a time of day, and after some time in any case.

    >>> from zensols.persist.backup.due import parse_time
    >>> now = dt.datetime.fromisoformat("2026-03-29T02:59:30+00:00")
    >>> trigger = DailyTrigger(parse_time("03:00", "UTC"), 60)
    >>> trigger.get_next_fire_time(now, now).isoformat()
    '2026-03-29T03:00:00+00:00'

    """

    def __init__(self, daily: Daily, seconds: float) -> None:
        """
        :param daily: the time of day

        :param seconds: the longest time between two times

        """
        self._daily = daily
        self._longest = dt.timedelta(seconds=seconds)

    def get_next_fire_time(
        self, previous_fire_time: dt.datetime | None, now: dt.datetime
    ) -> dt.datetime:
        """Return when it is due next.

        :param previous_fire_time: the last time, if there was one

        :param now: the time

        """
        if previous_fire_time is None:
            return now
        return min(self._daily.after(now), now + self._longest)

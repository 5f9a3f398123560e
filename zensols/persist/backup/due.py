"""When something that is done daily is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..error import PersistableError

__all__ = ["Daily", "parse_time"]

_DAY = dt.timedelta(days=1)


class Daily:
    """A time of day, in a time zone, that comes once a day: a time that the clocks
    jump over is as much later as they jump, and of one that comes twice, only the
    first counts.

    Immutable, and so safe to use from several threads.

    >>> berlin = Daily(dt.time(2, 30), ZoneInfo("Europe/Berlin"))
    >>> at = dt.datetime.fromisoformat
    >>> berlin.after(at("2026-03-29T00:00+00:00")).isoformat()
    '2026-03-29T03:30:00+02:00'
    >>> berlin.until(at("2026-03-29T00:00+00:00")).isoformat()
    '2026-03-28T02:30:00+01:00'

    """

    def __init__(self, time: dt.time, zone: dt.tzinfo) -> None:
        """
        :param time: the time of day, without a zone

        :param zone: the zone

        """
        self.time = time
        self.zone = zone

    def __str__(self) -> str:
        return f"{self.time.isoformat()} {self.zone}"

    def after(self, now: dt.datetime) -> dt.datetime:
        """Return the first time after another.

        :param now: aware of its zone

        """
        return next(time for time in self._around(now) if time > now)

    def until(self, now: dt.datetime) -> dt.datetime:
        """Return the last time that is not after another.

        :param now: aware of its zone

        """
        return [time for time in self._around(now) if time <= now][-1]

    def _around(self, now: dt.datetime) -> Iterator[dt.datetime]:
        """Return the times of some days, in UTC to compare and in the zone to show."""
        today = now.astimezone(self.zone).date()
        # The time may be as far off the day as the zone's clocks ever jump: a day.
        for days in range(-3, 4):
            local = dt.datetime.combine(today + days * _DAY, self.time, self.zone)
            yield local.replace(fold=0).astimezone(dt.UTC).astimezone(self.zone)


def parse_time(
    time: str | dt.time | tuple[int, ...], zone: str | dt.tzinfo | None
) -> Daily:
    """Return the time of day that is meant.

    :param time: such as ``"03:00"``, ``(3, 0)`` or a :class:`datetime.time`, whose own
                 zone counts if no other is given

    :param zone: the time zone or its name; by default the system's

    :raises PersistableError: if it is none, or there is no such zone

    >>> str(parse_time("3:30", "Europe/Berlin")), str(parse_time((3,), dt.UTC))
    ('03:30:00 Europe/Berlin', '03:00:00 UTC')

    """
    try:
        if isinstance(time, str):
            time = tuple(map(int, time.split(":")))
        if not isinstance(time, dt.time):
            hour, minute, second, *_ = (*time, 0, 0)
            time = dt.time(hour, minute, second)
    except (TypeError, ValueError) as e:
        raise PersistableError(
            f"Wrong time of day {time!r}: {e}: give one such as '03:00'"
        ) from e
    if isinstance(zone, str):
        try:
            zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as e:
            raise PersistableError(
                f"Unknown time zone {zone!r}: give one such as 'Europe/Berlin', or "
                "install tzdata"
            ) from e
    found = zone or time.tzinfo
    if found is None:
        from tzlocal import get_localzone

        found = get_localzone()
    return Daily(time.replace(tzinfo=None), found)

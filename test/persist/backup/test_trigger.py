from __future__ import annotations

import datetime as dt

from zensols.persist.backup.due import parse_time
from zensols.persist.backup.trigger import DailyTrigger


def test_looks_at_once_then_often_and_at_the_time() -> None:
    trigger = DailyTrigger(parse_time("03:00", "UTC"), 600)
    now = dt.datetime(2026, 1, 1, 2, 45, tzinfo=dt.UTC)
    previous, seen = None, []
    for _ in range(4):
        previous = now = trigger.get_next_fire_time(previous, now)
        seen.append(now.time())
    assert seen == [dt.time(2, 45), dt.time(2, 55), dt.time(3), dt.time(3, 10)]


def test_clock_that_was_set_back_or_forth() -> None:
    trigger = DailyTrigger(parse_time("03:00", "UTC"), 600)
    one = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    day = dt.timedelta(days=1)
    ten = dt.timedelta(minutes=10)
    assert trigger.get_next_fire_time(one, one + day) == one + day + ten
    assert trigger.get_next_fire_time(one + day, one) == one + ten

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.backup.due import Daily, parse_time
from zensols.persist.error import PersistableError

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        *map(
            ZoneInfo,
            (
                "Europe/Berlin",
                "America/New_York",
                "Australia/Lord_Howe",
                "Pacific/Apia",
                "Asia/Kathmandu",
                "Africa/Casablanca",
            ),
        ),
        dt.UTC,
    ]
)
TIMES = st.times(min_value=dt.time(0), max_value=dt.time(23, 59, 59)).map(
    lambda time: time.replace(microsecond=0)
)
MOMENTS = st.datetimes(
    dt.datetime(2008, 1, 1),  # noqa: DTZ001  as Hypothesis wants it
    dt.datetime(2030, 1, 1),  # noqa: DTZ001  as Hypothesis wants it
    timezones=st.just(dt.UTC),
)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def days_of(daily: Daily, start: str, count: int) -> list[str]:
    now, found = at(start), []
    for _ in range(count):
        now = daily.after(now.astimezone(dt.UTC))
        found.append(now.isoformat())
    return found


def test_time_that_does_not_exist_is_later() -> None:
    assert days_of(Daily(dt.time(2, 30), BERLIN), "2026-03-27T12:00+01:00", 4) == [
        "2026-03-28T02:30:00+01:00",
        "2026-03-29T03:30:00+02:00",
        "2026-03-30T02:30:00+02:00",
        "2026-03-31T02:30:00+02:00",
    ]


def test_time_that_exists_twice_counts_once() -> None:
    assert days_of(Daily(dt.time(2, 30), BERLIN), "2026-10-24T12:00+02:00", 3) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
        "2026-10-27T02:30:00+01:00",
    ]


def test_clock_of_day_stays_over_the_change() -> None:
    new_york = Daily(dt.time(3), ZoneInfo("America/New_York"))
    assert days_of(new_york, "2026-03-07T12:00+00:00", 2) == [
        "2026-03-08T03:00:00-04:00",
        "2026-03-09T03:00:00-04:00",
    ]


def test_day_that_was_left_out() -> None:
    # Samoa went from the 29th to the 31st.
    apia = Daily(dt.time(3), ZoneInfo("Pacific/Apia"))
    days = days_of(apia, "2011-12-28T23:00+00:00", 3)
    assert days[-1] == "2012-01-01T03:00:00+14:00"
    assert len(set(days)) == 3


@given(TIMES, ZONES, MOMENTS)
def test_due_times_lie_around_now(
    time: dt.time, zone: dt.tzinfo, now: dt.datetime
) -> None:
    daily = Daily(time, zone)
    before, after = daily.until(now), daily.after(now)
    assert before <= now < after
    assert daily.after(before.astimezone(dt.UTC)) == after
    assert daily.until(after.astimezone(dt.UTC)) == after
    # Samoa's clocks once jumped over a day.
    assert after - before <= dt.timedelta(hours=48)


@given(TIMES, ZONES, MOMENTS)
def test_each_day_has_one(time: dt.time, zone: dt.tzinfo, now: dt.datetime) -> None:
    daily = Daily(time, zone)
    first = daily.after(now).astimezone(dt.UTC)
    second = daily.after(first)
    if zone != ZoneInfo("Pacific/Apia"):
        assert dt.timedelta(hours=22) <= second - first <= dt.timedelta(hours=26)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("03:00", dt.time(3)),
        ("3", dt.time(3)),
        ("3:05:07", dt.time(3, 5, 7)),
        ((3, 30), dt.time(3, 30)),
        ((3, 30, 5), dt.time(3, 30, 5)),
        (dt.time(23, 59), dt.time(23, 59)),
    ],
)
def test_times_that_can_be_given(
    time: str | tuple[int, ...] | dt.time, expected: dt.time
) -> None:
    assert parse_time(time, "UTC").time == expected


@pytest.mark.parametrize("time", ["", "noon", "25:00", (), (24, 0), 3, None])
def test_wrong_time_is_told(time: str) -> None:
    with pytest.raises(PersistableError, match="Wrong time of day"):
        parse_time(time, "UTC")


def test_zones_that_can_be_given() -> None:
    assert parse_time("3:00", BERLIN).zone is BERLIN
    assert parse_time("3:00", "Europe/Berlin").zone == BERLIN
    assert parse_time(dt.time(3, tzinfo=BERLIN), None).zone is BERLIN
    assert parse_time(dt.time(3, tzinfo=BERLIN), None).time.tzinfo is None
    local = at("2026-06-01T12:00").astimezone().utcoffset()
    zone = parse_time("3:00", None).zone
    assert at("2026-06-01T12:00").replace(tzinfo=zone).utcoffset() == local


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", "\0"])
def test_unknown_zone_is_told(zone: str) -> None:
    with pytest.raises(PersistableError, match="Unknown time zone"):
        parse_time("3:00", zone)

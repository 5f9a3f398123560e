from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.backup.retention import Count, Retention, Since, Tiers, expired
from zensols.persist.error import PersistableError

Made = list[tuple[int, datetime]]

START = datetime(2024, 1, 1, tzinfo=UTC)
MADE = st.lists(
    st.integers(0, 3 * 365 * 24).map(lambda hours: START + timedelta(hours=hours)),
    unique=True,
    max_size=60,
).map(lambda times: list(enumerate(times)))
RULES: st.SearchStrategy[Retention] = st.one_of(
    st.builds(Count, st.integers(1, 9)),
    st.builds(Since, st.sampled_from([START, START + timedelta(days=500)])),
    st.builds(Tiers, st.integers(0, 9), st.integers(1, 9), st.integers(0, 9)),
)


def daily(days: int) -> Made:
    return [(day, START + timedelta(days=day, hours=3)) for day in range(days)]


@given(MADE, RULES, st.sets(st.integers(0, 60)))
def test_newest_good_one_is_never_let_go(
    made: Made, rule: Retention, damaged: set[int]
) -> None:
    gone = expired(made, rule, lambda key: key not in damaged)
    kept = {key for key, _ in made} - set(gone)
    assert len(gone) == len(set(gone))
    assert rule.kept(made) <= kept
    good = [(when, key) for key, when in made if key not in damaged]
    if good:
        assert max(good)[1] in kept
        assert len(kept - rule.kept(made)) <= 1


@given(MADE, RULES)
def test_order_given_does_not_matter(made: Made, rule: Retention) -> None:
    assert expired(made, rule) == expired(made[::-1], rule)


@given(MADE, RULES)
def test_what_is_let_go_is_the_oldest_first(made: Made, rule: Retention) -> None:
    when = dict(made)
    gone = [when[key] for key in expired(made, rule)]
    assert gone == sorted(gone)


@given(MADE, RULES)
def test_letting_go_again_changes_nothing(made: Made, rule: Retention) -> None:
    gone = set(expired(made, rule))
    assert expired([(key, when) for key, when in made if key not in gone], rule) == []


@given(MADE, st.integers(1, 9))
def test_count_keeps_the_newest(made: Made, count: int) -> None:
    newest = sorted(made, key=lambda pair: pair[1])[-count:]
    assert Count(count).kept(made) == {key for key, _ in newest}


@given(MADE)
def test_tiers_keep_no_more_than_they_say(made: Made) -> None:
    assert len(Tiers(7, 4, 12).kept(made)) <= 7 + 4 + 12


def test_tiers_of_a_year() -> None:
    made = daily(366)
    kept = sorted(Tiers(7, 4, 12).kept(made))
    days = [made[day][1].date().isoformat() for day in kept]
    assert days == [
        *("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"),
        *("2024-06-30", "2024-07-31", "2024-08-31", "2024-09-30", "2024-10-31"),
        *("2024-11-30", "2024-12-15", "2024-12-22", "2024-12-25", "2024-12-26"),
        *("2024-12-27", "2024-12-28", "2024-12-29", "2024-12-30", "2024-12-31"),
    ]


def test_tiers_as_days_go_by() -> None:
    # What is kept day by day is what would be kept of all.
    kept: Made = []
    for day in daily(200):
        kept.append(day)
        gone = expired(kept, Tiers(3, 2, 2))
        kept = [pair for pair in kept if pair[0] not in gone]
    assert {key for key, _ in kept} == Tiers(3, 2, 2).kept(daily(200))


def test_days_that_have_no_backup_do_not_count() -> None:
    made = [(n, START + timedelta(days=30 * n)) for n in range(5)]
    assert Tiers(daily=3, weekly=0, monthly=0).kept(made) == {2, 3, 4}


def test_days_are_those_of_the_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    late = datetime(2025, 6, 1, 22, 30, tzinfo=UTC)
    early = datetime(2025, 6, 1, 21, 30, tzinfo=UTC)
    rule = Tiers(daily=2, weekly=0, monthly=0)
    assert rule.kept([(1, early), (2, late)]) == {2}
    local = [(1, early.astimezone(berlin)), (2, late.astimezone(berlin))]
    assert rule.kept(local) == {1, 2}


def test_only_damaged_ones_are_kept_by_the_rule() -> None:
    made = daily(5)
    assert expired(made, Count(2), lambda key: key < 2) == [0, 2]
    assert expired(made, Count(2), lambda _: False) == [0, 1, 2]


def test_none_is_looked_at_if_none_is_let_go() -> None:
    asked: list[int] = []
    assert expired(daily(3), Count(3), lambda key: bool(asked.append(key))) == []
    assert asked == []


@pytest.mark.parametrize("count", [0, -1])
def test_at_least_one_is_kept(count: int) -> None:
    with pytest.raises(PersistableError, match="keep at least one"):
        Count(count)
    with pytest.raises(PersistableError, match="keep at least one"):
        Tiers(count, 0, 0)

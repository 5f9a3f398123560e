from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DictionaryStash, DirectoryStash
from zensols.persist.backup import newest, snapshot, snapshots, snapshotting
from zensols.persist.backup.due import parse_time
from zensols.persist.backup.retention import Count
from zensols.persist.cli.backupduty import Duties, Duty, read_notes
from zensols.persist.error import CorruptDataError, PersistableError

BERLIN = parse_time("03:00", "Europe/Berlin")
DAY = dt.timedelta(days=1)


class Clock:
    """Tells the time that it is set to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = dt.datetime.fromisoformat("2026-03-27T12:00+00:00")
        monkeypatch.setattr(snapshotting, "now", lambda: self.now)

    def __call__(self) -> dt.datetime:
        return self.now

    def set(self, text: str) -> None:
        self.now = dt.datetime.fromisoformat(text)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def stash() -> DictionaryStash[Any]:
    return DictionaryStash({"a": 0})


@pytest.fixture
def into() -> DictionaryStash[Any]:
    return DictionaryStash()


@pytest.fixture
def duties(
    stash: DictionaryStash[Any], into: DictionaryStash[Any], clock: Clock
) -> Duties:
    return Duties(stash, into, "data", BERLIN, None, clock)


def run(duties: Duties) -> Duty:
    duty = duties.run_pending()
    assert duty is not None
    return duty


def test_first_one_at_once_then_daily(
    duties: Duties, stash: DictionaryStash[Any], clock: Clock
) -> None:
    assert run(duties).taken.created == clock.now
    assert duties.run_pending() is None
    for time, is_due in (
        ("2026-03-28T02:59:59+01:00", False),
        ("2026-03-28T03:00+01:00", True),
        ("2026-03-29T02:59:59+02:00", False),
        ("2026-03-29T03:00+02:00", True),
        ("2026-03-29T23:00+02:00", False),
    ):
        clock.set(time)
        stash["a"] += 1
        assert (duties.run_pending() is not None) is is_due
    assert duties.next_run.isoformat() == "2026-03-30T03:00:00+02:00"
    assert duties.seconds_left == 4 * 3600


def test_missed_days_are_one(
    duties: Duties, stash: DictionaryStash[Any], clock: Clock
) -> None:
    run(duties)
    clock.now += 5 * DAY
    stash["a"] = 1
    run(duties)
    assert duties.run_pending() is None


def test_one_that_was_asked_for_counts(
    duties: Duties,
    stash: DictionaryStash[Any],
    into: DictionaryStash[Any],
    clock: Clock,
) -> None:
    run(duties)
    clock.now += DAY
    snapshot(stash, into, name="other")
    snapshot(stash, into, name="data")
    assert duties.run_pending() is None


def test_what_is_the_same_is_not_kept(
    duties: Duties,
    stash: DictionaryStash[Any],
    into: DictionaryStash[Any],
    clock: Clock,
) -> None:
    first = run(duties)
    assert first.unchanged is False
    clock.now += DAY
    second = run(duties)
    assert (second.unchanged, second.taken) == (True, first.taken)
    assert snapshots(into) == [first.taken]
    note = read_notes(into)["data"]
    assert (note.last_run, note.newest) == (clock.now.isoformat(), first.taken.id)
    assert duties.run_pending() is None
    clock.now += DAY
    stash["a"] = 1
    assert run(duties).unchanged is False
    assert len(snapshots(into)) == 2


def test_one_after_a_damaged_one_is_kept(
    duties: Duties, into: DictionaryStash[Any], clock: Clock
) -> None:
    first = run(duties).taken
    damaged = snapshot(DictionaryStash({"a": 1}), into, name="data")
    into[f"snapshot-{damaged.id}"] = b""
    clock.now += DAY
    duty = run(duties)
    assert duty.unchanged
    assert newest(into, "data").id == duty.taken.id > damaged.id > first.id
    clock.now += DAY
    assert run(duties).taken.id == duty.taken.id


def test_clock_that_was_wrong(duties: Duties, clock: Clock) -> None:
    now = clock.now
    clock.now += 400 * DAY
    run(duties)
    clock.now = now
    run(duties)


def test_old_ones_are_deleted(
    stash: DictionaryStash[Any], into: DictionaryStash[Any], clock: Clock
) -> None:
    other = snapshot(stash, into, name="other")
    duties = Duties(stash, into, "data", BERLIN, lambda _: Count(2), clock)
    for number in range(4):
        stash["a"] = number
        run(duties)
        clock.now += DAY
    assert [taken.name for taken in snapshots(into)] == ["data", "data", "other"]
    assert snapshots(into)[2].id == other.id


def test_failure_is_noted_and_stays_due(
    duties: Duties, into: DictionaryStash[Any], clock: Clock
) -> None:
    class Broken(DictionaryStash[Any]):
        def keys(self) -> Any:
            raise PersistableError("no disk")

    broken = Duties(Broken({"a": 1}), into, "data", BERLIN, None, clock)
    for _ in range(2):
        with pytest.raises(PersistableError, match="no disk"):
            broken.run_pending()
    note = read_notes(into)["data"]
    assert (note.error, note.at) == ("no disk", clock.now.isoformat())
    assert note.last_run is None
    run(duties)
    assert read_notes(into)["data"].error is None


def test_failure_to_delete_is_noted(
    stash: DictionaryStash[Any], into: DictionaryStash[Any], clock: Clock
) -> None:
    duties = Duties(stash, into, "data", BERLIN, lambda _: Count(9), clock)
    run(duties)
    for key in [key for key in into.keys() if key.startswith("page-")]:
        into[key] = b""
    clock.now += DAY
    stash["a"] = 1
    duty = run(duties)
    assert isinstance(duty.problem, CorruptDataError)
    assert len(snapshots(into)) == 2
    note = read_notes(into)["data"]
    assert note.error == str(duty.problem)
    assert note.last_run == clock.now.isoformat()
    assert duties.run_pending() is None


def test_next_run_is_known_before_one_is_due(
    duties: Duties,
    stash: DictionaryStash[Any],
    into: DictionaryStash[Any],
    clock: Clock,
) -> None:
    snapshot(stash, into, name="data")
    assert duties.run_pending() is None
    note = read_notes(into)["data"]
    assert (note.next_run, note.last_run) == ("2026-03-28T02:00:00+00:00", None)
    assert note.time == "03:00:00 Europe/Berlin"


@pytest.mark.parametrize("data", [b"", b"{", b'{"by_name": 1}'])
def test_damaged_notes(duties: Duties, into: DictionaryStash[Any], data: bytes) -> None:
    run(duties)
    into["schedules"] = data
    assert read_notes(into) == {}
    assert duties.run_pending() is None
    assert read_notes(into)["data"].last_run is None


@pytest.mark.parametrize("text", ["yesterday", "2026-03-27T12:00", ""])
def test_time_that_is_none(
    duties: Duties, into: DictionaryStash[Any], clock: Clock, text: str
) -> None:
    run(duties)
    clock.now += DAY
    run(duties)
    into["schedules"] = into["schedules"].replace(
        clock.now.isoformat().encode(), text.encode()
    )
    assert read_notes(into)["data"].last_run == text
    run(duties)


def test_one_of_many_does_it(tmp_path: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path / "data")
    stash["a"] = 1
    found: list[Duty | None] = []

    def work() -> None:
        into: DirectoryStash[Any] = DirectoryStash(tmp_path / "backups")
        found.append(Duties(stash, into, "data", BERLIN).run_pending())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(duty is None for duty in found) == [False, True, True, True]
    assert len(snapshots(DirectoryStash(tmp_path / "backups"))) == 1

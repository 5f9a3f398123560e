from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import zensols.persist
from zensols.persist import DictionaryStash
from zensols.persist.backup import PersistenceHandler, schedule
from zensols.persist.backup.retention import Count, Tiers
from zensols.persist.backup.schedule import BackupSchedule
from zensols.persist.backup.store import CacheStore
from zensols.persist.error import PersistableError
from zensols.persist.files import HOME

ROOT = Path(zensols.persist.__file__).parents[2]
BERLIN = ZoneInfo("Europe/Berlin")


class Machine:
    """What has a clock, and a folder of states."""

    def __init__(self, folder: Path) -> None:
        self.now = dt.datetime(2026, 3, 27, 12, tzinfo=dt.UTC)
        self.states = folder / "states"
        self.states.mkdir()
        self.backups = folder / "backups"
        self.value = 0
        self.change()

    def change(self) -> None:
        self.value += 1
        (self.states / "robot.json").write_text(json.dumps({"value": self.value}))

    def at(self, text: str) -> None:
        self.now = dt.datetime.fromisoformat(text)
        self.change()

    def schedule(self, time: Any = "03:00", count: Any = None, **more: Any) -> Any:
        more = {"timezone": BERLIN, "source": self.states, "start": False, **more}
        return BackupSchedule(time, self.backups, count, clock=lambda: self.now, **more)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.backups.glob("*.json"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_backs_up_when_the_time_has_come(machine: Machine) -> None:
    daily = machine.schedule(count=9)
    assert not daily.run_pending(), "nothing was missed before there was a schedule"
    machine.at("2026-03-28T01:59:59+00:00")
    assert not daily.run_pending()
    machine.at("2026-03-28T02:00:00+00:00")
    assert daily.run_pending()
    assert not daily.run_pending()
    machine.at("2026-03-28T23:00:00+00:00")
    assert not daily.run_pending()
    assert machine.files() == ["backup_20260328_030000.json"]
    machine.at("2026-03-29T01:00:00+00:00")
    assert daily.run_pending(), "it is summer now"
    assert machine.files()[1:] == ["backup_20260329_030000.json"]


def test_machine_was_off_at_the_time(machine: Machine) -> None:
    machine.schedule().run_pending()
    machine.at("2026-04-05T18:00:00+02:00")
    later = machine.schedule()
    assert later.run_pending()
    assert not later.run_pending(), "once for all the days"
    assert machine.files() == ["backup_20260405_180000.json"]
    machine.at("2026-04-06T03:00:00+02:00")
    assert later.run_pending()


@pytest.mark.parametrize(
    ("time", "moments"),
    [
        # 02:30 doesn't exist on the 29th.
        (
            "02:30",
            [
                ("2026-03-28T02:29:00+01:00", False),
                ("2026-03-28T02:30:00+01:00", True),
                ("2026-03-29T01:59:00+01:00", False),
                ("2026-03-29T03:00:00+02:00", False),
                ("2026-03-29T03:30:00+02:00", True),
                ("2026-03-29T23:00:00+02:00", False),
                ("2026-03-30T02:30:00+02:00", True),
            ],
        ),
        # And twice in autumn.
        (
            "02:30",
            [
                ("2026-10-25T02:29:00+02:00", True),
                ("2026-10-25T02:30:00+02:00", True),
                ("2026-10-25T02:10:00+01:00", False),
                ("2026-10-25T02:30:00+01:00", False),
                ("2026-10-25T12:00:00+01:00", False),
                ("2026-10-26T02:29:00+01:00", False),
                ("2026-10-26T02:30:00+01:00", True),
            ],
        ),
    ],
)
def test_daylight_saving(
    machine: Machine, time: str, moments: list[tuple[str, bool]]
) -> None:
    daily = machine.schedule(time)
    daily.run_pending()
    for moment, due in moments:
        machine.at(moment)
        assert daily.run_pending() is due, moment


def test_same_content_is_not_backed_up_again(machine: Machine) -> None:
    daily = machine.schedule()
    daily.run_pending()
    for day in range(28, 31):
        machine.now = dt.datetime(2026, 3, day, 3, tzinfo=BERLIN)
        assert daily.run_pending(), "a day that was looked at is done"
    assert machine.files() == ["backup_20260328_030000.json"]
    assert daily.run() == []


def days(machine: Machine, daily: BackupSchedule, count: int) -> None:
    start = dt.datetime(2026, 4, 1, 3, tzinfo=BERLIN)
    for day in range(count):
        machine.now = start + dt.timedelta(days=day)
        machine.change()
        assert daily.run()


def test_count_is_kept(machine: Machine) -> None:
    daily = machine.schedule(count=3)
    days(machine, daily, 5)
    assert machine.files() == [f"backup_2026040{day}_030000.json" for day in (3, 4, 5)]
    assert daily.list_backups() == [
        str(machine.backups / name) for name in reversed(machine.files())
    ]


def test_tiers_are_kept(machine: Machine) -> None:
    daily = machine.schedule(keep=Tiers(daily=2, weekly=2, monthly=2))
    days(machine, daily, 45)
    assert [name[7:15] for name in machine.files()] == [
        *("20260430", "20260510", "20260514", "20260515"),
    ]


def test_tiers_are_the_default(machine: Machine) -> None:
    days(machine, machine.schedule(), 12)
    assert [name[13:15] for name in machine.files()] == [
        *("05", "06", "07", "08", "09", "10", "11", "12"),
    ]


def test_last_good_one_stays(machine: Machine) -> None:
    daily = machine.schedule(count=1)
    days(machine, daily, 1)
    good = machine.files()[0]
    machine.change()
    (file,) = daily.run()
    assert machine.files() == [Path(file).name]
    Path(file).write_text("{")
    (machine.states / "robot.json").write_text("{")
    with pytest.raises(PersistableError, match=r"robot\.json"):
        daily.run()
    assert machine.files() == [Path(file).name]
    assert good != Path(file).name


def test_failure_is_noted_and_made_good(machine: Machine) -> None:
    daily = machine.schedule()
    daily.run_pending()
    machine.at("2026-03-28T12:00:00+00:00")
    (machine.states / "robot.json").write_text("{")
    for _ in range(2):
        with pytest.raises(PersistableError, match=r"Can't back all up.*robot\.json"):
            daily.run_pending()
        notes = json.loads((machine.backups / ".schedule").read_bytes())
        assert "robot.json" in notes["problem"]["error"]
        assert notes["last_run"] is None
    machine.change()
    assert daily.run_pending()
    notes = json.loads((machine.backups / ".schedule").read_bytes())
    assert notes["problem"] is None
    assert notes["last_run"].startswith("2026-03-28T12:00")
    assert notes["next_run"] == "2026-03-29T01:00:00+00:00"


def test_cache_that_fails_does_not_keep_the_others(machine: Machine) -> None:
    store = CacheStore()
    store.create_cache("a")["x"] = object()
    store.create_cache("b")["x"] = 1
    daily = machine.schedule(source=store)
    daily.run_pending()
    machine.at("2026-03-28T12:00:00+00:00")
    for value in range(3):
        # What was backed up isn't again, though it has changed.
        store["b"]["x"] = value
        with pytest.raises(PersistableError, match=r"value\['x'\]"):
            daily.run_pending()
    assert machine.files() == [
        "cache_b_20260328_130000.json",
        "default_store_20260328_130000.json",
    ]
    store["a"]["x"] = 1
    assert daily.run_pending()
    assert not daily.run_pending()
    assert len(machine.files()) == 3


def test_caches_are_restored_by_a_handler(machine: Machine) -> None:
    store = CacheStore()
    store.create_cache("users")["a"] = (1, 2)
    machine.schedule(source=store).run()
    handler = PersistenceHandler(machine.backups, 0, CacheStore())
    handler.restore_cache(handler.list_backups("users")[0]["filepath"])
    assert dict(handler.store["users"]) == {"a": (1, 2)}


def test_stash_is_backed_up(machine: Machine) -> None:
    machine.schedule(source=DictionaryStash({"a": 1})).run()
    handler = PersistenceHandler(machine.backups, 0)
    handler.restore_cache(handler.list_backups("stash")[0]["filepath"])
    assert dict(handler.store["stash"]) == {"a": 1}


def test_modules_are_the_default(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME, str(machine.states))
    (file,) = machine.schedule(source=None).run()
    assert json.loads(Path(file).read_bytes()) == {"robot": {"value": 1}}


def test_clock_that_was_wrong(machine: Machine) -> None:
    daily = machine.schedule(count=3)
    daily.run_pending()
    machine.at("2099-01-01T12:00:00+01:00")
    assert daily.run_pending()
    machine.at("2026-03-28T12:00:00+01:00")
    assert daily.run_pending(), "the day's was not made in 2099"
    assert not daily.run_pending()
    machine.at("2026-03-28T11:00:00+01:00")
    assert not daily.run_pending(), "set back by an hour"
    assert json.loads(Path(daily.list_backups()[0]).read_bytes())["robot"]["value"] == 3


def test_newest_is_listed_first_though_the_clock_was_set_back(
    machine: Machine,
) -> None:
    daily = machine.schedule(count=2)
    for hour in (12, 11, 10):
        machine.at(f"2026-03-28T{hour}:00:00+01:00")
        (file,) = daily.run()
        assert daily.list_backups()[0] == file
    assert len(daily.list_backups()) == 2


def test_tiers_outlast_a_wrong_clock(machine: Machine) -> None:
    daily = machine.schedule(keep=Tiers(daily=3, weekly=0, monthly=0))
    machine.at("2099-01-01T12:00:00+01:00")
    assert daily.run()
    days(machine, daily, 5)
    assert [name[7:15] for name in machine.files()] == [
        *("20260403", "20260404", "20260405"),
    ]


def test_digits_that_are_no_time(machine: Machine) -> None:
    daily = machine.schedule(count=1)
    daily.run()
    (machine.backups / "backup_99999999_999999.json").write_text("{}")
    os.utime(machine.backups / "backup_99999999_999999.json", (1, 1))
    machine.change()
    (file,) = daily.run()
    assert machine.files() == [Path(file).name]


def test_notes_that_are_damaged(machine: Machine) -> None:
    daily = machine.schedule()
    machine.backups.mkdir()
    for text in ('{"since": "yesterday"}', '{"since": "2026-01-01"}'):
        (machine.backups / ".schedule").write_text(text)
        assert daily.run_pending()


def test_next_run(machine: Machine) -> None:
    daily = machine.schedule("04:30")
    assert daily.next_run.isoformat() == "2026-03-28T04:30:00+01:00"


def test_wrong_options_are_told(machine: Machine) -> None:
    with pytest.raises(PersistableError, match="either backup_count or keep"):
        machine.schedule(count=3, keep=Count(3))
    with pytest.raises(PersistableError, match="at least one"):
        machine.schedule(count=0)
    with pytest.raises(PersistableError, match="among the files that are backed up"):
        machine.schedule(source=machine.backups)
    with pytest.raises(PersistableError, match="Wrong time of day"):
        machine.schedule("25:00")


def test_what_is_due_is_made_at_the_start(machine: Machine) -> None:
    machine.schedule().run_pending()
    machine.at("2026-03-28T12:00:00+00:00")
    done = threading.Event()

    class Watched(BackupSchedule):
        def run_pending(self) -> bool:
            try:
                return super().run_pending()
            finally:
                done.set()

    with Watched(
        "03:00",
        machine.backups,
        timezone=BERLIN,
        source=machine.states,
        clock=lambda: machine.now,
    ):
        assert done.wait(60)
    assert machine.files() == ["backup_20260328_130000.json"]


def test_failure_in_the_thread_is_logged(
    machine: Machine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()

    def exception(*args: object) -> None:
        done.set()

    monkeypatch.setattr(schedule.logger, "exception", exception)
    machine.backups.touch()
    with machine.schedule(start=True):
        assert done.wait(60)


def test_two_processes_make_one(machine: Machine) -> None:
    machine.schedule().run_pending()
    code = (
        "import sys, datetime as dt; from zensols.persist.backup import BackupSchedule\n"
        "now = dt.datetime.fromisoformat('2026-03-28T12:00:00+01:00')\n"
        "s = BackupSchedule('03:00', sys.argv[1], timezone='Europe/Berlin',"
        " source=sys.argv[2], clock=lambda: now, start=False)\n"
        "print('ready', flush=True); sys.stdin.read(); print(s.run_pending())"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(machine.backups), str(machine.states)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )
        for _ in range(3)
    ]
    said = []
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.close()
        child.stdin = None
    for child in children:
        said.append(child.communicate(timeout=60)[0].strip())
        assert child.returncode == 0
    assert sorted(said) == ["False", "False", "True"]
    assert machine.files() == ["backup_20260328_120000.json"]


def test_callers_may_pass_what_programs_have(machine: Machine) -> None:
    zone: Callable[[], Any] = lambda: dt.time(3, 0, tzinfo=BERLIN)  # noqa: E731
    for time in ((3, 0), "3:00", zone()):
        found = machine.schedule(time, 5).next_run
        assert found.isoformat() == "2026-03-28T03:00:00+01:00"

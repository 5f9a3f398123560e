from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from robots import Robot, remade

from zensols.persist.error import PersistableError
from zensols.persist.module import Keeper, ManualClock, release, save_all


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of modules that are written."""
    from zensols.persist.module import document

    written = []

    def note(path: str, *args: Any, **kwargs: Any) -> None:
        replace(path, *args, **kwargs)
        written.append(Path(path).name)

    replace = document.replace
    monkeypatch.setattr(document, "replace", note)
    return written


def test_requests_are_one_write(
    keeper: Keeper, clock: ManualClock, writes: list[str]
) -> None:
    robot = Robot("a")
    for number in range(100):
        robot.value = number
        robot.request_backup()
    assert writes == []
    clock.advance(10)
    assert writes == ["a.json"]
    clock.advance(100)
    assert writes == ["a.json"]
    assert remade_value(keeper, "a") == 99
    robot.value = 5
    clock.advance(100)
    assert writes == ["a.json"]
    robot.request_backup()
    clock.advance(10)
    assert writes == ["a.json"] * 2


def remade_value(keeper: Keeper, key: str) -> Any:
    (record,) = [record for record in keeper.records if record.key == key]
    return json.loads(Path(record.path).read_text())["value"]


def test_interval(home: Path, writes: list[str]) -> None:
    clock = ManualClock()
    with Keeper(interval=2, clock=clock):
        Robot("a").request_backup()
        clock.advance(1.9)
        assert writes == []
        clock.advance(0.2)
        assert writes == ["a.json"]


def test_what_changed_is_written_in_the_end_once(home: Path, writes: list[str]) -> None:
    clock = ManualClock()
    with Keeper(clock=clock) as keeper:
        same, changed, asked = Robot("same"), Robot("changed"), Robot("asked")
        changed.value = asked.value = 2
        asked.request_backup()
        clock.advance(10)
        assert writes == ["asked.json"]
        assert keeper.flush()
        assert writes == ["asked.json", "changed.json"]
        same.value = 1.0
    assert writes == ["asked.json", "changed.json"]
    assert keeper.records == []
    assert remade("changed").value == 2


def test_restored_state_is_not_written_again(home: Path, writes: list[str]) -> None:
    (home).mkdir()
    text = '{"value": 3, "of a newer release": [1]}'
    (home / "a.json").write_text(text)
    with Keeper(clock=ManualClock()):
        assert Robot("a").value == 3
    assert writes == []
    assert (home / "a.json").read_text() == text


def test_failed_backup_keeps_no_other_and_is_tried_again(
    keeper: Keeper,
    clock: ManualClock,
    writes: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(Robot):
        fails = False

        def backup(self) -> dict[str, Any]:
            if self.fails:
                raise RuntimeError("not now")
            return super().backup()

    failing, robot = Failing("failing"), Robot("robot")
    failing.value = robot.value = 3
    failing.fails = True
    failing.request_backup()
    robot.request_backup()
    clock.advance(10)
    assert writes == ["robot.json"]
    (record,) = (one for one in caplog.records if one.name.startswith("zensols."))
    assert record.levelno == logging.ERROR
    assert "'failing'" in record.message
    assert "failing.json" in record.message
    assert not keeper.flush()
    failing.fails = False
    clock.advance(10)
    assert writes == ["robot.json", "failing.json"]


def test_save_all(keeper: Keeper, writes: list[str]) -> None:
    robot = Robot("a")
    assert save_all()
    assert writes == []
    robot.value = 2
    assert save_all()
    assert save_all()
    assert writes == ["a.json"]


def test_release_frees_the_key(keeper: Keeper, home: Path) -> None:
    robot = Robot("a")
    robot.value = 2
    release(robot)
    assert keeper.records == []
    assert sorted(path.name for path in home.iterdir()) == ["a.json"]
    again = Robot("a")
    assert again.value == 2
    # It is no longer kept.
    robot.value = 9
    release(robot)
    keeper.flush()
    assert again.value == 2
    assert json.loads((home / "a.json").read_text()) == {"value": 2}


def test_backup_of_files_has_what_is_in_memory(keeper: Keeper, home: Path) -> None:
    from zensols.persist.backup.modules import read_modules

    robot = Robot("a")
    robot.value = 2
    assert read_modules(str(home), 1000) == {"a": {"value": 2}}


def test_keys_are_unique_in_all_folders(keeper: Keeper, tmp_path: Path) -> None:
    _ = Robot("a")
    make: Callable[[], Robot] = lambda: Robot("a", persistence_folder=tmp_path)  # noqa: E731
    with pytest.raises(PersistableError, match="Two modules have the key 'a'"):
        make()

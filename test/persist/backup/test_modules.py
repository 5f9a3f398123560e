from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zensols.persist
from zensols.persist.backup import modules
from zensols.persist.backup.modules import read_modules, register_modules
from zensols.persist.error import PersistableError
from zensols.persist.files import HOME

LIMIT = 1 << 20


@pytest.fixture(autouse=True)
def no_writers() -> Iterator[None]:
    before = list(modules._writers)
    modules._writers.clear()
    yield
    modules._writers[:] = before


def write(path: Path, state: object) -> None:
    path.write_text(json.dumps(state))


def test_all_states_are_read_by_key(tmp_path: Path) -> None:
    write(tmp_path / "robot.Arm.json", {"angle": 5})
    write(tmp_path / "a%2Fb.json", {"at": {"$date": "2026-01-01"}})
    write(tmp_path / "robot.Arm.json.bak", {"angle": 4})
    (tmp_path / "robot.Arm.json.rejected").write_text("{")
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / "cache_backup").mkdir()
    states = read_modules(str(tmp_path), LIMIT)
    assert list(states) == ["a/b", "robot.Arm"]
    assert states["robot.Arm"] == {"angle": 5}
    assert str(states["a/b"]["at"]) == "2026-01-01"


def test_missing_folder_has_none(tmp_path: Path) -> None:
    assert read_modules(str(tmp_path / "none"), LIMIT) == {}


def test_live_ones_are_written_first(tmp_path: Path) -> None:
    register_modules(lambda: write(tmp_path / "a.json", {"value": 1}))
    assert read_modules(str(tmp_path), LIMIT) == {"a": {"value": 1}}


@pytest.mark.parametrize("damaged", ["", "{", "[]", "5"])
def test_last_good_one_stands_in(
    tmp_path: Path, damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.json").write_text(damaged)
    with pytest.raises(PersistableError, match=r"a\.json"):
        read_modules(str(tmp_path), LIMIT)
    write(tmp_path / "a.json.bak", {"value": 1})
    with caplog.at_level(logging.WARNING):
        assert read_modules(str(tmp_path), LIMIT) == {"a": {"value": 1}}
    assert "a.json.bak" in caplog.text


def test_huge_one_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.json", {"value": "x" * 100})
    with pytest.raises(PersistableError, match="more than the 100"):
        read_modules(str(tmp_path), 100)


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PersistableError, match="Can't list the modules"):
        read_modules(str(tmp_path / "file"), LIMIT)


def test_long_key_is_that_of_its_file(tmp_path: Path) -> None:
    name = f"%~{'0' * 64}"
    write(tmp_path / f"{name}.json", {"value": 1})
    assert read_modules(str(tmp_path), LIMIT) == {name: {"value": 1}}


def test_backup_of_modules_is_imported(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from zensols import persist as persistence

        class Arm(persistence.PersistentModule):
            def __init__(self):
                super().__init__(persistence_key="arm")
                self.angle = 0
            def backup(self):
                return {"angle": self.angle}
            def restore(self, data):
                self.angle = data["angle"]

        arm = Arm()
        arm.angle = 5
        arm.request_backup()
        schedule = persistence.BackupSchedule("03:00", sys.argv[1], 3, start=False)
        (file,) = schedule.run()
        arm.angle = 6
        persistence.import_all(file)
        print(arm.angle, schedule.run())
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "backups")],
        capture_output=True,
        check=True,
        env={
            **os.environ,
            HOME: str(tmp_path / "home"),
            "PYTHONPATH": str(Path(zensols.persist.__file__).parents[2]),
        },
        text=True,
    )
    assert done.stdout == "5 []\n"

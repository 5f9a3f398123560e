from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import zensols.persist
from zensols.persist.backup import BackupSchedule, CacheStore, PersistenceHandler
from zensols.persist.backup.status import backup_status
from zensols.persist.files import HOME

ROOT = Path(zensols.persist.__file__).parents[2]


@pytest.fixture
def store() -> CacheStore:
    store = CacheStore()
    store.create_cache("users")["a"] = 1
    return store


def test_no_folder_has_no_backups(tmp_path: Path) -> None:
    assert backup_status(tmp_path / "none") == {
        "folder": str(tmp_path / "none"),
        "count": 0,
        "size": 0,
        "age": None,
        "last_error": None,
        "next_run": None,
        "last_run": None,
        "caches": {},
    }


def test_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, str(tmp_path))
    assert backup_status()["folder"] == str(tmp_path / "cache_backup")


def test_each_cache_is_told(store: CacheStore, tmp_path: Path) -> None:
    handler = PersistenceHandler(tmp_path, 0, store)
    first = handler.backup_all()
    second = handler.backup_cache("users")
    assert second.filepath is not None
    now = os.stat(second.filepath).st_mtime + 90
    status = backup_status(tmp_path, clock=lambda: now)
    assert json.loads(json.dumps(status)) == status
    users = status["caches"]["users"]
    assert users.pop("age") == pytest.approx(90, abs=0.001)
    assert datetime.fromisoformat(users.pop("modified")).tzinfo == UTC
    assert users == {
        "newest": second.filepath,
        "size": second.size,
        "total_size": second.size + first["users"].size,
        "count": 2,
        "damaged": [],
        "last_error": None,
    }
    assert status["count"] == 3
    assert status["size"] == sum(result.size for result in [*first.values(), second])
    assert status["age"] == status["caches"]["default"]["age"] >= 90


def test_damaged_ones_are_passed_over(store: CacheStore, tmp_path: Path) -> None:
    handler = PersistenceHandler(tmp_path, 0, store)
    first, second = handler.backup_cache("users"), handler.backup_cache("users")
    assert first.filepath is not None
    assert second.filepath is not None
    Path(second.filepath).write_text("{")
    users = backup_status(tmp_path)["caches"]["users"]
    assert (users["newest"], users["damaged"]) == (first.filepath, [second.filepath])
    Path(first.filepath).write_text("{")
    status = backup_status(tmp_path)
    assert status["caches"]["users"]["newest"] is None
    assert status["age"] is None


def test_last_error_is_told(store: CacheStore, tmp_path: Path) -> None:
    handler = PersistenceHandler(tmp_path, 0, store)
    store.create_cache("bad")["x"] = object()
    handler.backup_all()
    status = backup_status(tmp_path)
    assert "value['x']" in status["caches"]["bad"]["last_error"]["error"]
    assert status["last_error"] == status["caches"]["bad"]["last_error"]
    assert status["age"] is None, "there is no backup of one"
    store["bad"]["x"] = 1
    handler.backup_all()
    status = backup_status(tmp_path)
    assert status["last_error"] is status["caches"]["bad"]["last_error"] is None


def test_clock_that_was_set_back(store: CacheStore, tmp_path: Path) -> None:
    PersistenceHandler(tmp_path, 0, store).backup_all()
    assert backup_status(tmp_path, clock=lambda: 0)["age"] == 0


def test_other_process_knows_when_the_next_is(
    store: CacheStore, tmp_path: Path
) -> None:
    handler = PersistenceHandler(tmp_path, 3600, store, wall_clock=lambda: 5e8)
    handler.backup_all()
    code = (
        "import json, sys; from zensols.persist.backup import backup_status\n"
        "print(json.dumps(backup_status(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    handler.stop()
    status = json.loads(done.stdout)
    seconds = datetime.fromisoformat(status["next_run"]).timestamp() - 5e8
    assert 0 < seconds <= 3600
    assert status["count"] == 2
    assert backup_status(tmp_path)["next_run"] is None, "it was stopped"


def test_schedule_is_told(tmp_path: Path) -> None:
    (tmp_path / "states").mkdir()
    (tmp_path / "states" / "robot.json").write_text('{"speed": 1}')
    daily = BackupSchedule(
        "03:00",
        tmp_path / "backups",
        timezone="Europe/Berlin",
        source=tmp_path / "states",
        clock=lambda: datetime(2026, 3, 27, 12, tzinfo=UTC),
        start=False,
    )
    (file,) = daily.run()
    status = backup_status(tmp_path / "backups")
    assert status["caches"]["modules"]["newest"] == file
    assert status["next_run"] == "2026-03-28T02:00:00+00:00"
    assert status["last_run"] == "2026-03-27T12:00:00+00:00"

"""The command that tells how backups are doing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash
from zensols.persist.backup import (
    CacheStore,
    PersistenceHandler,
    snapshots,
    snapshotting,
)
from zensols.persist.backup.due import parse_time
from zensols.persist.backup.filename import parse_name
from zensols.persist.cli.backupduty import Duties
from zensols.persist.error import PersistableError


def status(call: Any, *options: str, code: int = 0) -> dict[str, Any]:
    done = call("backup", "status", "dir:backups", "--json", *options, code=code)
    data: dict[str, Any] = json.loads(done.stdout)
    return data


@pytest.fixture
def old(call: Any, filled: Any, monkeypatch: pytest.MonkeyPatch) -> dt.datetime:
    """When the snapshot in ``backups`` was taken: three days ago."""
    now = dt.datetime.now(dt.UTC)
    when = now - dt.timedelta(days=3)
    with monkeypatch.context() as patch:
        patch.setattr(snapshotting, "now", lambda: when)
        call("backup", "now", "dir:data", "dir:backups")
    return when


def test_snapshot(call: Any, old: dt.datetime, data_name: str) -> None:
    data = status(call)
    (taken,) = snapshots("dir:backups")
    age = data["age"]
    assert 3 * 86400 <= age < 4 * 86400
    assert data == {
        "folder": "dir:backups",
        "count": 1,
        "size": taken.written,
        "age": age,
        "last_error": None,
        "next_run": None,
        "last_run": None,
        "damaged": [],
        "caches": {
            data_name: {
                "newest": taken.id,
                "modified": old.isoformat(),
                "age": age,
                "size": taken.size,
                "total_size": taken.written,
                "count": 1,
                "damaged": [],
                "last_error": None,
                "next_run": None,
                "last_run": None,
            }
        },
    }
    done = call("backup", "status", "dir:backups")
    (line,) = done.stdout.splitlines()
    row = line.split("\t")
    assert row[:2] + row[3:] == [
        data_name,
        taken.id,
        str(taken.size),
        "1",
        "-",
        "-",
    ]
    assert 3 * 86400 <= int(row[2]) < 4 * 86400


def test_too_old(call: Any, old: dt.datetime, data_name: str) -> None:
    status(call, "--max-age", "4d")
    done = call("backup", "status", "dir:backups", "--max-age", "26h", code=1)
    assert done.stderr == f"stash: The newest backup of {data_name} is 3 d old\n"
    call("backup", "now", "dir:data", "dir:backups", "--name", "other")
    assert status(call, "--max-age", "26h", code=1)["age"] > 86400


def test_what_was_found_unchanged_is_new(
    call: Any, old: dt.datetime, data_name: str
) -> None:
    call("backup", "schedule", "dir:data", "dir:backups", "--once")
    data = status(call, "--max-age", "1d")
    assert data["count"] == 1
    assert data["age"] < 86400
    cache = data["caches"][data_name]
    assert cache["modified"] == old.isoformat()
    assert cache["last_run"] > old.isoformat()
    assert data["next_run"] == cache["next_run"] > cache["last_run"]


def test_one_that_failed(
    call: Any, filled: Any, old: dt.datetime, data_name: str
) -> None:
    class Broken(DirectoryStash[Any]):
        def keys(self) -> Any:
            raise PersistableError("no\tdisk")

    into: DirectoryStash[Any] = DirectoryStash(Path("backups"))
    duties = Duties(Broken(Path("x")), into, "x", parse_time("03:00", "UTC"))
    with pytest.raises(PersistableError):
        duties.run_pending()
    data = status(call, code=1)
    assert data["last_error"]["error"] == "no\tdisk"
    assert data["age"] is None
    assert data["caches"][data_name]["last_error"] is None
    done = call("backup", "status", "dir:backups", code=1)
    assert done.stdout.splitlines()[1].startswith("x\t-\t-\t0\t0\t")
    assert done.stdout.endswith("\tno\\tdisk\n")
    assert done.stderr == (
        "stash: No good backup of x\nstash: The last backup of x failed: no\\tdisk\n"
    )


def test_damaged_one(call: Any, old: dt.datetime, data_name: str) -> None:
    call("backup", "now", "dir:data", "dir:backups")
    newest, oldest = snapshots("dir:backups")
    Path("backups", f"snapshot-{newest.id}.dat").write_bytes(b"")
    data = status(call, code=1)
    assert data["damaged"] == [newest.id]
    assert data["caches"][data_name]["newest"] == oldest.id


def test_files_of_caches(call: Any, old: dt.datetime, data_name: str) -> None:
    store = CacheStore()
    store.create_cache(data_name)["a"] = 1
    with PersistenceHandler("backups", 3600, store) as handler:
        handler.backup_all()
    data = status(call)
    assert sorted(data["caches"]) == ["default", data_name, f"{data_name} (files)"]
    cache = data["caches"][f"{data_name} (files)"]
    file = parse_name(Path(cache["newest"]).name)
    assert file is not None
    assert file.cache_name == data_name
    assert data["count"] == 1 + cache["count"] + data["caches"]["default"]["count"]
    for path in Path("backups").glob("cache_*.json"):
        path.write_bytes(b"")
    done = call("backup", "status", "dir:backups", code=1)
    assert f"stash: No good backup of {data_name} (files)\n" in done.stderr


def test_files_alone(call: Any, in_tmp: Path) -> None:
    PersistenceHandler("backups", 0, CacheStore()).backup_all()
    data = status(call, "--max-age", "1h")
    assert list(data["caches"]) == ["default"]

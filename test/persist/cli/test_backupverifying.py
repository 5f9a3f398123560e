"""The command that checks snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.backup import CacheStore, PersistenceHandler, snapshots


@pytest.fixture
def ids(call: Any, filled: Any) -> list[str]:
    """Three snapshots in ``backups``, the newest one first, which is of another
    store.
    """
    call("backup", "now", "dir:data", "dir:backups")
    filled["a"] = [1] * 1000
    call("backup", "now", "dir:data", "dir:backups")
    call("backup", "now", "dir:data", "dir:backups", "--name", "other")
    return [taken.id for taken in snapshots("dir:backups")]


def damage_largest() -> None:
    path = max(Path("backups").glob("object-*"), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-1])


def test_sound(call: Any, ids: list[str]) -> None:
    done = call("backup", "verify", "dir:backups")
    assert (done.stdout, done.stderr) == ("", "3 snapshots, 3 sound\n")
    done = call("backup", "verify", "dir:backups", ids[1], "--json")
    assert json.loads(done.stdout) == {"snapshots": 1, "sound": 1}
    done = call("backup", "verify", "dir:backups", "-n", "dir:data")
    assert done.stderr == "2 snapshots, 2 sound\n"


def test_lost_value(call: Any, ids: list[str]) -> None:
    damage_largest()
    done = call("backup", "verify", "dir:backups", "--json", code=1)
    *found, summary = map(json.loads, done.stdout.splitlines())
    assert {(row["snapshot"], row["key"]) for row in found} == {
        (snapshot_id, "long") for snapshot_id in ids
    }
    assert "is damaged" in found[0]["problem"]
    assert summary == {"snapshots": 3, "sound": 0}
    done = call("backup", "verify", "dir:backups", "latest", "-n", "other", code=1)
    (line,) = done.stdout.splitlines()
    assert line.split("\t")[:2] == [ids[0], "long"]
    done = call("backup", "verify", "dir:backups", "-n", "other", code=1)
    assert done.stdout.splitlines() == [line]
    assert done.stderr == "1 snapshots, 0 sound\n"


def test_damaged_description(call: Any, ids: list[str]) -> None:
    Path("backups", f"snapshot-{ids[2]}.dat").write_bytes(b"")
    done = call("backup", "verify", "dir:backups", code=1)
    (line,) = done.stdout.splitlines()
    assert line.split("\t")[:2] == [ids[2], "-"]
    assert done.stderr == "3 snapshots, 2 sound\n"
    done = call("backup", "verify", "dir:backups", ids[2], code=4)
    assert ids[2] in done.stderr


def test_files_of_caches(call: Any, ids: list[str]) -> None:
    store = CacheStore()
    store.create_cache("users")["a"] = 1
    PersistenceHandler("backups", 0, store).backup_all()
    done = call("backup", "verify", "dir:backups")
    assert done.stderr == "5 snapshots, 5 sound\n"
    (path,) = Path("backups").glob("cache_users_*.json")
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    done = call("backup", "verify", "dir:backups", code=1)
    assert done.stdout == (
        f"{path.name}\t-\tDamaged: no backup of users can be read from it\n"
    )


@pytest.mark.parametrize("arguments", [("9",), ("latest", "-n", "x")])
def test_what_is_not_there(
    call: Any, ids: list[str], arguments: tuple[str, ...]
) -> None:
    done = call("backup", "verify", "dir:backups", *arguments, code=1)
    assert done.stdout == ""
    assert "No such snapshot in dir:backups" in done.stderr

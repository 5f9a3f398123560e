"""The commands that list snapshots and what they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

from zensols.persist.backup import CacheStore, PersistenceHandler, snapshots


def table(done: Any) -> list[list[str]]:
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.fixture
def ids(call: Any, filled: Any) -> list[str]:
    """The snapshots in ``backups``, the newest first: two of ``data``, one of another
    store.
    """
    call("backup", "now", "dir:data", "dir:backups")
    del filled["long"]
    call("backup", "now", "dir:data", "dir:backups")
    call("backup", "now", "dir:data", "dir:backups", "--name", "other")
    return [taken.id for taken in snapshots("dir:backups")]


def test_newest_first(call: Any, ids: list[str], data_name: str) -> None:
    done = call("backup", "ls", "dir:backups")
    assert done.stderr == ""
    found = snapshots("dir:backups")
    assert table(done) == [
        [
            taken.id,
            taken.name,
            taken.created.isoformat(),
            str(taken.count),
            str(taken.size),
            str(taken.written),
            "-",
        ]
        for taken in found
    ]
    assert [taken.name for taken in found] == ["other", data_name, data_name]
    assert [taken.count for taken in found] == [2, 2, 3]


def test_json_and_name(call: Any, ids: list[str]) -> None:
    done = call("backup", "ls", "dir:backups", "--json", "--name", "other")
    (row,) = map(json.loads, done.stdout.splitlines())
    assert (row["id"], row["name"], row["entries"]) == (ids[0], "other", 2)
    assert row["state"] is None


def test_damaged_one(call: Any, ids: list[str]) -> None:
    Path("backups", f"snapshot-{ids[1]}.dat").write_bytes(b"")
    done = call("backup", "ls", "dir:backups", code=1)
    assert [row[0] for row in table(done)] == ids
    assert table(done)[1] == [ids[1], *"-----", "corrupt"]
    done = call("backup", "ls", "dir:backups", "--name", "other", code=1)
    assert [row[0] for row in table(done)] == ids[:2]


def test_files_of_caches(call: Any, ids: list[str]) -> None:
    store = CacheStore()
    store.create_cache("users")["a"] = 1
    PersistenceHandler("backups", 0, store).backup_all()
    rows = table(call("backup", "ls", "dir:backups"))
    assert [row[0] for row in rows[:3]] == ids
    assert {(row[1], row[3], row[6]) for row in rows[3:]} == {
        ("users", "1", "good"),
        ("default", "0", "good"),
    }
    (path,) = Path("backups").glob("cache_users_*.json")
    path.write_bytes(path.read_bytes()[:-9])
    done = call("backup", "ls", "dir:backups", "--name", "users", code=1)
    assert [row[6] for row in table(done)] == ["corrupt"]


def test_show(call: Any, ids: list[str], data_name: str) -> None:
    done = call("backup", "show", "dir:backups", ids[2])
    assert [row[0] for row in table(done)] == ["a", "b", "long"]
    listed = table(call("ls", "dir:data", "--sort", "key"))
    assert [row[:2] + row[3:5] for row in table(done)[:2]] == [
        row[:2] + row[3:5] for row in listed
    ]
    assert done.stderr.startswith(f"{ids[2]}: 3 entries of {data_name}, ")
    done = call(
        "backup", "show", "dir:backups", ids[2], "--sort", "size", "--match", "[!a]*"
    )
    assert [row[0] for row in table(done)] == ["long", "b"]


def test_show_latest_as_json(call: Any, ids: list[str], data_name: str) -> None:
    done = call("backup", "show", "dir:backups", "-n", "dir:data", "--json")
    same = call("backup", "show", "dir:backups", "-n", data_name, "--json")
    *rows, summary = map(json.loads, done.stdout.splitlines())
    assert json.loads(same.stdout.splitlines()[-1]) == summary
    assert [row["key"] for row in rows] == ["a", "b"]
    assert (summary["id"], summary["entries"]) == (ids[1], 2)
    done = call("backup", "show", "dir:backups", code=2)
    assert "give --name" in done.stderr


@pytest.mark.parametrize(
    ("wanted", "code", "complaint"),
    [
        ("00000009", 1, "No such snapshot in dir:backups: 00000009 (see"),
        ("\x1b", 1, r"No such snapshot in dir:backups: \x1b (see"),
        ("0", 2, "3 snapshots begin with '0'"),
    ],
)
def test_show_what_is_not_there(
    call: Any, ids: list[str], wanted: str, code: int, complaint: str
) -> None:
    done = call("backup", "show", "dir:backups", wanted, code=code)
    assert done.stdout == ""
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_corrupt_newest(call: Any, ids: list[str]) -> None:
    Path("backups", f"snapshot-{ids[0]}.dat").write_bytes(b"x")
    for wanted in ("latest", ids[0]):
        done = call("backup", "show", "dir:backups", wanted, "-n", "dir:data", code=4)
        assert ids[0] in done.stderr
    assert f"the newest good one is {ids[1]}" in (
        call("backup", "show", "dir:backups", "-n", "dir:data", code=4).stderr
    )
    call("backup", "show", "dir:backups", ids[1])


def test_terminal_shows_a_table(ids: list[str], in_tmp: Path) -> None:
    program = f"""
        import sys
        from zensols.persist.cli.app import run
        sys.exit(run(["backup", "ls", "dir:{in_tmp / "backups"}"]))
    """
    with Terminal(program, columns=140) as terminal:
        lines = terminal.finish()
    columns = "id name created entries size added state".split()
    assert lines[0].split() == columns
    assert lines[1].startswith(f"{ids[0]}  other ")
    assert " 0 B " in lines[1]

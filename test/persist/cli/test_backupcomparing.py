"""The command that compares snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stories import HOSTILE

from zensols.persist.backup import snapshots
from zensols.persist.stash.wording import unescape


@pytest.fixture
def ids(call: Any, filled: Any) -> list[str]:
    """Two snapshots in ``backups``, the older one first."""
    call("backup", "now", "dir:data", "dir:backups")
    filled["a"] = "changed"
    filled["new"] = 1
    del filled["b"]
    call("backup", "now", "dir:data", "dir:backups")
    return [taken.id for taken in reversed(snapshots("dir:backups"))]


def test_two_snapshots(call: Any, ids: list[str]) -> None:
    done = call("backup", "diff", "dir:backups", *ids)
    assert (done.stdout, done.stderr) == ("changed\ta\nremoved\tb\nadded\tnew\n", "")
    done = call("backup", "diff", "dir:backups", *reversed(ids))
    assert done.stdout == "changed\ta\nadded\tb\nremoved\tnew\n"
    assert call("backup", "diff", "dir:backups", ids[0], ids[0]).stdout == ""


def test_snapshot_and_store(call: Any, filled: Any, ids: list[str]) -> None:
    assert call("backup", "diff", "dir:backups", "latest", "dir:data").stdout == ""
    # Written again, it is the same.
    filled["new"] = 1
    del filled["a"]
    done = call("backup", "diff", "dir:backups", "latest", "dir:data", "--json")
    assert json.loads(done.stdout) == {"change": "removed", "key": "a"}


def test_store_in_another_codec(call: Any, ids: list[str]) -> None:
    done = call("backup", "diff", "dir:backups", ids[0], "dir:none")
    assert done.stderr == "stash: There is nothing at none yet\n"
    assert done.stdout == "removed\ta\nremoved\tb\nremoved\tlong\n"


@pytest.mark.parametrize("sides", [("9", "latest"), ("latest", "9")])
def test_what_is_not_there(call: Any, ids: list[str], sides: tuple[str, str]) -> None:
    done = call("backup", "diff", "dir:backups", *sides, code=1)
    assert "No such snapshot in dir:backups: 9 " in done.stderr


def test_damaged_page(call: Any, ids: list[str]) -> None:
    for path in Path("backups").glob("page-*"):
        path.write_bytes(b"")
    done = call("backup", "diff", "dir:backups", *ids, code=4)
    assert done.stdout == ""
    assert "is damaged" in done.stderr
    assert done.stderr.count("\n") == 1


def test_hostile_keys(call: Any, filled: Any, ids: list[str]) -> None:
    filled.dump_many((key, 1) for key in HOSTILE)
    done = call("backup", "diff", "dir:backups", "latest", "dir:data")
    names = [line.removeprefix("added\t") for line in done.stdout.splitlines()]
    assert all(name.isprintable() for name in names)
    assert {unescape(name) for name in names} == set(HOSTILE)

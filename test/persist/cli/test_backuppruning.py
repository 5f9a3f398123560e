"""The command that deletes snapshots."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash
from zensols.persist.backup import snapshots, snapshotting


@pytest.fixture
def ids(filled: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Six snapshots in ``backups``, the newest one first, of each of the last days."""
    backups: DirectoryStash[Any] = DirectoryStash(Path("backups"))
    now = datetime.now(UTC)
    for day in reversed(range(6)):
        filled["a"] = [day] * 100
        monkeypatch.setattr(
            snapshotting, "now", lambda day=day: now - timedelta(days=day)
        )
        snapshotting.snapshot(filled, backups, name="data")
    return left()


def left() -> list[str]:
    return [taken.id for taken in snapshots("dir:backups")]


def listed(done: Any) -> list[str]:
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        (("--keep", "4"), 2),
        (("--keep", "99"), 0),
        (("--daily", "5"), 1),
        (("--older-than", "60h"), 3),
        (("--older-than", "0s"), 5),
    ],
)
def test_rules(call: Any, ids: list[str], rule: tuple[str, ...], gone: int) -> None:
    done = call("backup", "prune", "dir:backups", *rule, "--dry-run")
    assert listed(done) == ids[6 - gone :]
    assert done.stderr.startswith(f"{gone} snapshots and ")
    assert done.stderr.endswith(" would be deleted\n")
    assert left() == ids
    done = call("backup", "prune", "dir:backups", *rule, "--yes")
    assert listed(done) == ids[6 - gone :]
    assert left() == ids[: 6 - gone]
    call("backup", "verify", "dir:backups")


def test_weeks_and_months(call: Any, ids: list[str]) -> None:
    call("backup", "prune", "dir:backups", "--weekly", "1", "--monthly", "1", "-y")
    assert left() == ids[:1]


def test_it_asks(call: Any, answer: Any, ids: list[str]) -> None:
    done = call("backup", "prune", "dir:backups", "--keep", "2", code=2)
    assert "give --yes" in done.stderr
    for given, code, count in ((b"n\n", 1, 6), (b"y\n", 0, 2)):
        found, asked = answer(
            "backup", "prune", "dir:backups", "--keep", "2", given=given
        )
        assert found == code
        text = "Delete 4 snapshots in dir:backups, and what nothing else needs? [y/N] "
        assert asked.startswith(text)
        assert len(left()) == count


def test_names(call: Any, filled: Any, ids: list[str]) -> None:
    call("backup", "now", "dir:data", "dir:backups", "--name", "other")
    prune = ("backup", "prune", "dir:backups", "--keep", "1")
    assert listed(call(*prune, "--name", "other", "-y")) == []
    done = call(*prune, "-y", "--json")
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == [
        "data"
    ] * 5
    assert [taken.name for taken in snapshots("dir:backups")] == ["other", "data"]
    # There is nothing left to ask for.
    assert call(*prune).stdout == ""


def test_last_good_one_stays(call: Any, ids: list[str]) -> None:
    taken = snapshots("dir:backups")
    pages = [{link.digest.hex() for link in one.tree.leaves()} for one in taken]
    (only,) = pages[0].difference(*pages[1:])
    path = Path("backups", f"page-{only}.dat")
    path.write_bytes(b"x" + path.read_bytes())
    done = call("backup", "prune", "dir:backups", "--keep", "1", "--yes", code=4)
    assert "is damaged" in done.stderr
    assert left() == ids
    call("backup", "prune", "dir:backups", "--id", ids[0], "--yes")
    call("backup", "prune", "dir:backups", "--keep", "1", "--yes")
    assert left() == [ids[1]]
    call("backup", "verify", "dir:backups")


def test_by_id(call: Any, ids: list[str]) -> None:
    Path("backups", f"snapshot-{ids[2]}.dat").write_bytes(b"")
    prune = ("backup", "prune", "dir:backups", "--id", ids[2][:8], "--id", ids[4])
    done = call(*prune, "--dry-run")
    assert listed(done) == [ids[2], ids[4]]
    call("backup", "ls", "dir:backups", code=1)
    done = call(*prune, "--yes")
    assert listed(done) == [ids[2], ids[4]]
    assert left() == [ids[0], ids[1], ids[3], ids[5]]
    call("backup", "ls", "dir:backups")
    call("backup", "verify", "dir:backups")
    # The last one, too.
    for snapshot_id in left():
        call("backup", "prune", "dir:backups", "--id", snapshot_id, "--yes")
    assert left() == []
    assert list(Path("backups").glob("object-*")) == []


@pytest.mark.parametrize("wanted", ["9", "", "latest"])
def test_no_such_id(call: Any, ids: list[str], wanted: str) -> None:
    arguments = ("--id", ids[0], "--id", wanted, "--yes")
    done = call("backup", "prune", "dir:backups", *arguments, code=1)
    assert done.stderr.startswith("stash: No such snapshot in dir:backups")
    assert left() == ids

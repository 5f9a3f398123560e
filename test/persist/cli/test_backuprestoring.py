"""The commands that put back what a snapshot has, and undo that."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from stories import HOSTILE

from zensols.persist import DirectoryStash
from zensols.persist.backup import restorations, snapshots
from zensols.persist.stash.wording import unescape


@pytest.fixture
def before(call: Any, filled: Any) -> dict[str, Any]:
    """What was in ``data``, of which there is a snapshot in ``backups``, before it
    changed.
    """
    before = dict(filled)
    call("backup", "now", "dir:data", "dir:backups")
    change(filled)
    return before


def change(filled: Any) -> None:
    filled["a"] = "changed"
    filled["new"] = 1
    del filled["b"]


RESTORE = ("backup", "restore", "dir:backups", "latest", "dir:data")
UNDO = ("backup", "undo", "dir:data", "dir:backups")


def test_merge(call: Any, filled: Any, before: dict[str, Any]) -> None:
    done = call(*RESTORE, "--yes")
    assert done.stdout == "1 added, 1 changed, 0 removed\n"
    assert done.stderr == "To undo this: stash backup undo dir:data dir:backups\n"
    assert dict(filled) == before | {"new": 1}
    # There is nothing left to ask for.
    done = call(*RESTORE)
    assert (done.stdout, done.stderr) == ("0 added, 0 changed, 0 removed\n", "")


def test_replace(
    call: Any, filled: Any, before: dict[str, Any], data_name: str
) -> None:
    done = call(*RESTORE, "--mode", "replace", "--json", "-y")
    assert json.loads(done.stdout) == {
        "snapshot": snapshots("dir:backups")[0].id,
        "name": data_name,
        "added": 1,
        "changed": 1,
        "removed": 1,
    }
    assert dict(filled) == before


def test_dry_run(call: Any, filled: Any, before: dict[str, Any]) -> None:
    now = dict(filled)
    done = call(*RESTORE, "--mode", "replace", "--dry-run")
    assert (done.stdout, done.stderr) == ("added\tb\nchanged\ta\nremoved\tnew\n", "")
    done = call(*RESTORE, "--dry-run", "--json")
    assert [json.loads(line)["key"] for line in done.stdout.splitlines()] == ["b", "a"]
    assert dict(filled) == now
    assert restorations("dir:backups") == []


def test_it_asks(
    call: Any, answer: Any, filled: Any, before: dict[str, Any], data_name: str
) -> None:
    now = dict(filled)
    call(*RESTORE, code=2)
    found, asked = answer(*RESTORE, "--mode", "replace", given=b"n\n")
    assert found == 1
    assert asked.startswith(f"Have dir:data have what {data_name} had at 20")
    assert "UTC: 1 added (b), 1 changed (a), 1 removed (new)? [y/N] " in asked
    assert dict(filled) == now
    found, asked = answer(*RESTORE, given=b"y\n")
    assert found == 0
    assert "To undo this: " in asked
    now = dict(filled)
    found, asked = answer(*UNDO, given=b"n\n")
    assert found == 1
    assert asked.startswith(f"Undo in dir:data what was restored of {data_name} at 20")
    assert "UTC: 1 added, 1 changed, 0 removed? [y/N] " in asked
    assert dict(filled) == now


def test_some_keys(call: Any, filled: Any, before: dict[str, Any]) -> None:
    for pattern, code in (("[ab]", 0), ("none*", 1)):
        done = call(*RESTORE, "--key", pattern, "--dry-run", code=code)
        assert done.stdout == ("added\tb\nchanged\ta\n" if not code else "")
    done = call(*RESTORE, "-k", "b", "-k", "typo", "-k", "new", "-y", code=1)
    name = snapshots("dir:backups")[0].id
    assert done.stderr.splitlines()[:2] == [
        f"stash: No such key in {name}: typo",
        f"stash: No such key in {name}: new",
    ]
    assert dict(filled) == {**before, "a": "changed", "new": 1}
    call(*RESTORE, "--key", "n*", "--mode", "replace", "-y")
    assert dict(filled) == {**before, "a": "changed"}


def test_hostile_keys(call: Any, filled: Any) -> None:
    filled.dump_many((key, 1) for key in HOSTILE)
    call("backup", "now", "dir:data", "dir:backups")
    filled.delete_many(HOSTILE)
    done = call(*RESTORE, code=2)
    assert done.stderr.count("\n") == 1
    assert done.stderr.removesuffix("\n").isprintable()
    lines = call(*RESTORE, "--dry-run").stdout.splitlines()
    names = [line.removeprefix("added\t") for line in lines]
    assert all(name.isprintable() for name in names)
    assert {unescape(name) for name in names} == set(HOSTILE)
    # Backslashes and the like have no meaning in patterns.
    call(*RESTORE, *(f"--key={name}" for name in names), "-ey")
    assert {*filled.keys()} >= set(HOSTILE)
    call(*UNDO, "--yes")
    assert not {*filled.keys()} & set(HOSTILE)
    call(*RESTORE, *(f"--key={key}" for key in HOSTILE), "-y")
    assert {*filled.keys()} >= set(HOSTILE)


def test_undo_step_by_step(call: Any, filled: Any, before: dict[str, Any]) -> None:
    now = dict(filled)
    call(*RESTORE, "--key", "a", "-y")
    call(*RESTORE, "--mode", "replace", "-y")
    assert call(*UNDO, "-y").stdout == "Undone: 1 added, 0 changed, 1 removed\n"
    assert dict(filled) == now | {"a": before["a"]}
    done = json.loads(call(*UNDO, "--yes", "--json").stdout)
    assert (done["added"], done["changed"], done["removed"]) == (0, 1, 0)
    assert dict(filled) == now
    done = call(*UNDO, "--yes", code=1)
    assert done.stdout == ""
    assert done.stderr.startswith("stash: Nothing to undo: nothing of dir:backups")


def test_other_store(call: Any, before: dict[str, Any]) -> None:
    call("backup", "restore", "dir:backups", "latest", "sqlite:copy.db", "-y")
    call("copy", "sqlite:copy.db", "dir:copy")
    assert dict(DirectoryStash[Any](Path("copy"))) == before
    call(*UNDO, "-y", code=1)
    call("backup", "undo", "sqlite:copy.db", "dir:backups", "-y")
    assert call("ls", "sqlite:copy.db").stdout == ""


def test_damaged_snapshot_changes_nothing(
    call: Any, filled: Any, before: dict[str, Any]
) -> None:
    del filled["long"]
    now = dict(filled)
    large = max(Path("backups").glob("object-*"), key=lambda p: p.stat().st_size)
    large.write_bytes(large.read_bytes()[::-1])
    done = call(*RESTORE, "--yes", code=4)
    assert done.stdout == ""
    assert "is damaged" in done.stderr.splitlines()[-1]
    assert dict(filled) == now
    # What is sound can be restored.
    call(*RESTORE, "--key", "[ab]", "--yes")
    assert dict(filled) | {"long": before["long"]} == before | {"new": 1}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_one_is_undone_or_repeated(
    call: Any,
    in_tmp: Path,
    command: str,
    interrupted_environment: Any,
    how: signal.Signals,
) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(Path("data"))
    stash.dump_many((str(n), [n] * 100) for n in range(400))
    call("backup", "now", "dir:data", "dir:backups")
    call("copy", "dir:data", "dir:copy")
    stash.dump_many((str(n), n) for n in range(400))

    def states() -> list[str]:
        return [one.state for one in restorations("dir:backups")]

    # Again if it was done before it could be stopped.
    while states() != ["begun"]:
        if states():
            call(*UNDO, "--yes")
            shutil.rmtree("backups")
            call("backup", "now", "dir:copy", "dir:backups")
        with subprocess.Popen(
            [command, *RESTORE, "--yes"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=interrupted_environment,
        ) as process:
            begun = Path("backups").glob
            while process.poll() is None and not (any(begun("rest*")) and states()):
                pass
            process.send_signal(how)
            out, complaint = process.communicate()
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    assert out == ""
    if how is signal.SIGINT:
        assert "can be undone: stash backup undo dir:data dir:back" in complaint
    asked = call(*UNDO, code=2).stderr
    assert ", which was interrupted: 0 added, 400 changed, 0 removed?" in asked
    call(*UNDO, "--yes")
    assert dict(stash) == {str(n): n for n in range(400)}
    call(*RESTORE, "--yes")
    assert dict(stash) == {str(n): [n] * 100 for n in range(400)}

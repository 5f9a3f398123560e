"""The command that takes a snapshot."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from stories import HOSTILE

from zensols.persist import DirectoryStash
from zensols.persist.backup import snapshots
from zensols.persist.stash.wording import unescape


def taken(call: Any, *arguments: str) -> dict[str, Any]:
    done = call("backup", "now", *arguments, "--json")
    assert done.stderr == ""
    row: dict[str, Any] = json.loads(done.stdout)
    return row


@pytest.mark.parametrize("source", ["dir:data", "sqlite:data.db"])
def test_json(call: Any, filled: Any, absolute: Any, source: str) -> None:
    call("copy", "dir:data", "sqlite:data.db")
    first = taken(call, source, "dir:backups")
    (found,) = snapshots("dir:backups")
    assert first == {
        "id": found.id,
        "name": absolute(source),
        "created": found.created.isoformat(),
        "entries": 3,
        "size": found.size,
        "added": found.written,
        "unchanged": False,
    }
    assert first["added"] > 4000
    second = taken(call, source, "dir:backups")
    assert (second["unchanged"], second["added"]) == (True, 0)
    assert second["id"] > first["id"]


def test_line(call: Any, filled: Any, data_name: str) -> None:
    lines = [call("backup", "now", "dir:data", "dir:backups").stdout for _ in "ab"]
    ids = [found.id for found in snapshots("dir:backups")]
    assert lines[0].startswith(f"{ids[1]}: 3 entries of {data_name}, ")
    assert lines[0].endswith(" KiB new\n")
    assert lines[1] == f"{ids[0]}: 3 entries of {data_name}, unchanged\n"


def test_what_another_store_has_is_no_change(call: Any, filled: Any) -> None:
    call("copy", "dir:data", "dir:copy")
    taken(call, "dir:data", "dir:backups")
    row = taken(call, "dir:copy", "dir:backups")
    assert (row["unchanged"], row["added"]) == (False, 0)


def test_what_is_written_again_is_no_change(call: Any, filled: Any) -> None:
    taken(call, "dir:data", "dir:backups")
    filled["a"] = filled["a"]
    assert taken(call, "dir:data", "dir:backups")["unchanged"] is True
    for page in Path("backups").glob("page-*"):
        page.write_bytes(b"")
    filled["a"] = "changed"
    assert taken(call, "dir:data", "dir:backups", "--full")["unchanged"] is False


def test_empty_store(call: Any) -> None:
    Path("data").mkdir()
    assert taken(call, "dir:data", "dir:backups")["entries"] == 0


def test_the_same_store_from_another_folder(
    call: Any, filled: Any, monkeypatch: pytest.MonkeyPatch, data_name: str
) -> None:
    first = taken(call, "dir:data", "dir:backups")
    Path("deep").mkdir()
    monkeypatch.chdir("deep")
    second = taken(call, "dir:../data", "dir:../backups")
    assert (second["unchanged"], second["added"]) == (True, 0)
    third = taken(call, "dir:../data", "dir:../backups", "--name", "dir:../data")
    assert [one["name"] for one in (first, second, third)] == [data_name] * 3
    call("backup", "restore", "dir:../backups", "latest", "dir:../data", "--yes")
    listed = call("backup", "ls", "dir:../backups", "-n", "dir:../data")
    assert len(listed.stdout.splitlines()) == 3
    assert call("backup", "ls", "dir:../backups", "-n", "dir:data").stdout == ""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(call: Any, filled: Any, name: str) -> None:
    filled[name] = 1
    done = call("backup", "now", "dir:data", "dir:backups", f"--name={name}")
    text = done.stdout.removesuffix("\n")
    assert text.isprintable()
    assert unescape(text.partition(" of ")[2].rpartition(", ")[0]) == name
    (line,) = call("backup", "ls", "dir:backups").stdout.splitlines()
    assert line.replace("\t", "").isprintable()
    assert unescape(line.split("\t")[1]) == name
    shown = call("backup", "show", "dir:backups", f"--name={name}")
    assert shown.stderr.count("\n") == 1
    assert shown.stderr.removesuffix("\n").isprintable()
    keys = [unescape(line.split("\t")[0]) for line in shown.stdout.splitlines()]
    assert sorted(keys) == sorted({*filled.keys()})


def test_full_mends(call: Any, filled: Any) -> None:
    call("backup", "now", "dir:data", "dir:backups")
    damaged = max(Path("backups").glob("object-*"), key=lambda p: p.stat().st_size)
    good = damaged.read_bytes()
    damaged.write_bytes(b"")
    call("backup", "now", "dir:data", "dir:backups")
    call("backup", "verify", "dir:backups", code=1)
    call("backup", "now", "dir:data", "dir:backups", "--full")
    call("backup", "verify", "dir:backups")
    assert damaged.read_bytes() == good


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)]
)
def test_killed_one_goes_on(
    call: Any,
    in_tmp: Path,
    command: str,
    interrupted_environment: Any,
    how: signal.Signals,
    code: int,
) -> None:
    source: DirectoryStash[Any] = DirectoryStash(Path("data"))
    source.dump_many((str(n), [n] * 500) for n in range(1000))

    def objects() -> set[tuple[str, int]]:
        files = Path("backups").glob("object-*.dat")
        return {(path.name, path.stat().st_ino) for path in files}

    # Again if it was done before it could be stopped.
    while not objects() or snapshots("dir:backups"):
        shutil.rmtree("backups", ignore_errors=True)
        with subprocess.Popen(
            [command, "backup", "now", "dir:data", "dir:backups"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=interrupted_environment,
        ) as process:
            while process.poll() is None and not objects():
                pass
            process.send_signal(how)
            out, complaint = process.communicate()
    assert process.returncode == code
    assert (out, complaint) == (
        "",
        "stash: Interrupted\n" if how is signal.SIGINT else "",
    )
    there = objects()
    row = taken(call, "dir:data", "dir:backups")
    assert row["entries"] == 1000
    assert there <= objects()
    assert call("backup", "verify", "dir:backups").stderr == "1 snapshots, 1 sound\n"
    assert call("backup", "diff", "dir:backups", "latest", "dir:data").stdout == ""


def test_progress_on_a_terminal(
    filled: Any, command: str, clean_environment: dict[str, str]
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [command, "backup", "now", "dir:data", "dir:backups"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=clean_environment | {"COLUMNS": "100", "NO_COLOR": "1"},
    ) as process:
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        out, _ = process.communicate()
    os.close(ours)
    assert process.returncode == 0
    assert b"3 entries" in out
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown)
    assert b"Backing up" in text
    assert b"3/3" in text

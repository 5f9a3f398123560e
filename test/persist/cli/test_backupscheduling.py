"""The command that takes a snapshot each day."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.backup import snapshots

SCHEDULE = ("backup", "schedule", "dir:data", "dir:backups")


def far() -> tuple[str, ...]:
    """The options of a time of day that doesn't come while a test runs."""
    when = datetime.now(UTC) + timedelta(hours=12)
    return ("--at", f"{when:%H:%M}", "--timezone", "UTC")


def test_once(call: Any, filled: Any, data_name: str) -> None:
    schedule = (*SCHEDULE, *far())
    done = call(*schedule, "--once")
    (taken,) = snapshots("dir:backups")
    assert done.stdout.startswith(f"{taken.id}: 3 entries of {data_name}, ")
    assert done.stderr == ""
    # None is due any more.
    filled["a"] = "changed"
    assert call(*schedule, "--once").stdout == ""
    assert snapshots("dir:backups") == [taken]


def test_once_as_json_under_a_name(call: Any, filled: Any) -> None:
    call("backup", "now", "dir:data", "dir:backups")
    options = ("--once", "--json", "--name", "daily", "--timezone", "UTC")
    row = json.loads(call(*SCHEDULE, *options).stdout)
    assert (row["name"], row["entries"], row["unchanged"]) == ("daily", 3, False)


def test_once_keeps_what_it_is_told_to(call: Any, filled: Any, data_name: str) -> None:
    for _ in range(3):
        call("backup", "now", "dir:data", "dir:backups", "--name", "other")
    call(*SCHEDULE, "--once", "--daily", "2")
    names = [taken.name for taken in snapshots("dir:backups")]
    assert names == [data_name, *["other"] * 3]


def test_once_that_fails(call: Any, filled: Any) -> None:
    Path("backups").write_text("no folder")
    done = call(*SCHEDULE, "--once", code=4)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_old_ones_that_cannot_be_deleted(call: Any, filled: Any) -> None:
    call("backup", "now", "dir:data", "dir:backups", "--name", "other")
    filled["a"] = "changed"
    call("backup", "now", "dir:data", "dir:backups", "--name", "other")
    for path in Path("backups").glob("page-*"):
        path.write_bytes(b"")
    filled["a"] = "changed again"
    done = call(*SCHEDULE, "--once", "--keep", "1", code=4)
    assert done.stdout.count("\n") == 1
    assert "is damaged" in done.stderr
    assert len(snapshots("dir:backups")) == 3


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_until_it_is_ended(
    filled: Any, command: str, clean_environment: Any, how: signal.Signals
) -> None:
    with subprocess.Popen(
        [command, *SCHEDULE, *far(), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment,
    ) as process:
        assert process.stdout is not None
        row = json.loads(process.stdout.readline())
        while not Path("backups", "schedules.dat").exists():
            assert process.poll() is None
        process.send_signal(how)
        out, complaint = process.communicate(timeout=60)
    assert (process.returncode, out, complaint) == (0, "", "")
    assert [taken.id for taken in snapshots("dir:backups")] == [row["id"]]


def test_it_goes_on_after_a_failure(
    filled: Any, command: str, clean_environment: Any
) -> None:
    Path("backups").write_text("no folder")
    with subprocess.Popen(
        [command, *SCHEDULE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment,
    ) as process:
        assert process.stderr is not None
        complaint = process.stderr.readline()
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert complaint.startswith("stash: ")
    assert "backups" in complaint
    assert process.returncode == 0

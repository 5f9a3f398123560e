"""Records in SQLite."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import SQLitePersister, State
from zensols.persist.state.sqliterecords import VERSION, SqliteRecords

WRITER = """
import sys
from zensols.persist.state import SQLitePersister, State
first, path = int(sys.argv[1]), sys.argv[2]
text = ["x" * 100] * 100
with SQLitePersister(path) as persister:
    for number in range(first, first + 100_000):
        state = State(number=number, text=text + [str(number)] * (number % 50))
        persister.save("p", "app", number, "step", state, "completed")
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""


def expected(number: int) -> State:
    text = ["x" * 100] * 100 + [str(number)] * (number % 50)
    return State(number=number, text=text)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqliteRecords]:
    records = SqliteRecords(str(tmp_path / "a.db"), "states", 5, "NORMAL")
    yield records
    records.close()


def test_newer_layout_is_refused(records: SqliteRecords, tmp_path: Path) -> None:
    records.set_up()
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("UPDATE states_about SET value = value + 1")
        connection.commit()
    other = SqliteRecords(str(tmp_path / "a.db"), "states", 5, "NORMAL")
    with pytest.raises(PersistableError, match=f"layout {VERSION + 1}, of a newer"):
        other.find("p", "app", None)
    other.close()


def test_two_processes_set_up_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from zensols.persist.state import SQLitePersister;"
        "sys.stdin.read(); p = SQLitePersister(sys.argv[1]);"
        "p.save('p', sys.argv[2], 1, 'step', {}, 'completed'); p.cleanup()"
    )
    path = str(tmp_path / "a.db")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, path, str(number)], stdin=subprocess.PIPE
        )
        for number in range(4)
    ]
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    with SQLitePersister(path) as persister:
        assert sorted(persister.list_app_ids("p")) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_killed_savers_lose_nothing(tmp_path: Path, kills: int) -> None:
    path = str(tmp_path / "a.db")
    saved: list[int] = []
    for turn in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(turn * 1000), path],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            for _ in range(1 + turn * 7 % 40):
                line = child.stdout.readline()
                assert line, "it ended by itself"
                saved.append(int(line))
            os.kill(child.pid, signal.SIGKILL)
            saved += [int(line) for line in child.stdout if line.endswith("\n")]
        with SQLitePersister(path) as persister:
            newest = persister.load("p", "app")
            assert newest is not None
            # What was being told when it died may be saved, too.
            assert newest["sequence_id"] - saved[-1] in (0, 1)
            assert newest["state"] == expected(newest["sequence_id"])
    with SQLitePersister(path) as persister:
        there = {item.sequence_id for item in persister.history("p", "app")}
        assert set(saved) <= there
        assert len(there) <= len(saved) + kills
        for number in there:
            found = persister.load("p", "app", number)
            assert found is not None
            assert found["state"] == expected(number), f"state {number}"

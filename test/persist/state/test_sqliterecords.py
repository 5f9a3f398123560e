"""Records in SQLite."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import SQLitePersister
from zensols.persist.state.chain import Stored
from zensols.persist.state.record import Draft
from zensols.persist.state.records import ANY, Refused
from zensols.persist.state.sqliterecords import VERSION, SqliteRecords


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqliteRecords]:
    records = SqliteRecords(str(tmp_path / "a.db"), "states", 60, "NORMAL")
    yield records
    records.close()


def test_newer_layout_is_refused(records: SqliteRecords, tmp_path: Path) -> None:
    records.set_up()
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("UPDATE states_about SET value = value + 1")
        connection.commit()
    other = SqliteRecords(str(tmp_path / "a.db"), "states", 60, "NORMAL")
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


def test_branches_are_not_mixed_up_with_those_that_are_gone(
    records: SqliteRecords,
) -> None:
    ids = []
    for app_id in "ab":
        stored = Stored("whole", b"x")
        added = records.add(
            Draft("p", app_id, 1, "step", "completed", "", None, 1, stored), ANY
        )
        assert isinstance(added, int)
        branch = records.find_branch("p", app_id)
        assert branch is not None
        assert branch.root == branch.id
        ids.append(branch.id)
        if app_id == "a":
            records.release(branch.id, ANY)
            records.discard([added], [], [branch.id])
    assert ids[0] < ids[1]


def test_numbers_are_never_given_again(records: SqliteRecords) -> None:
    def draft(number: int, *path: int) -> Draft:
        stored = Stored("delta" if path else "whole", b"data", path, len(path))
        return Draft("p", "a", number, "s", "completed", "2026", None, 4, stored)

    first, second, third = (records.add(draft(number), ANY) for number in range(3))
    assert [first, second, third] == [1, 2, 3]
    records.discard([2, 3], [], [])
    records.discard([1], [], [])
    assert records.add(draft(3), ANY) == 4
    assert records.add(draft(4, 3), ANY) is Refused.LOST
    records.discard([], [4], [])
    assert records.add(draft(5, 4), ANY) == 5

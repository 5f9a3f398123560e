"""Delete what is not needed any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from zensols.persist.state import ALL, SQLitePersister, State


def large(number: int) -> State:
    return State(text=[f"{index:04d}" + "x" * 100 for index in range(100 + number)])


def count(path: Path, table: str = "burr_state") -> int:
    with closing(sqlite3.connect(path)) as connection:
        rows: list[tuple[int]] = connection.execute(
            f'SELECT COUNT(*) FROM "{table}"'
        ).fetchall()
    return rows[0][0]


def test_deleted_applications_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with SQLitePersister(path) as persister:
        for number in range(20):
            persister.save("p", "app", number, "step", large(number), "completed")
        persister.fork("p", "app", 10, "fork")
        persister.save("p", "fork", 11, "step", large(40), "completed")
        persister.delete("p", "app")
        assert count(path) == 12
        persister.delete("p", "fork")
    assert count(path) == count(path, "burr_state_branches") == 0


def test_what_is_dropped_makes_room(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with SQLitePersister(path) as persister:
        for number in range(33):
            persister.save("p", "app", number, "step", large(number), "completed")
        persister.truncate("p", "app", keep=1)
        # The newest is the 32nd after the whole one, and stored against that.
        assert count(path) == 2
        persister.save("p", "app", 33, "step", large(33), "completed")
        for number in 32, 33:
            found = persister.load("p", "app", number)
            assert found is not None
            assert found["state"] == large(number)


def test_only_old_states_are_pruned_by_age(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with SQLitePersister(path) as persister:
        for number in range(4):
            persister.save("p", "app", number, "step", {"n": number}, "completed")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "UPDATE burr_state SET created_at = '2020-01-01T00:00:00+00:00' "
                "WHERE sequence_id < 2"
            )
            connection.commit()
        (pruned,) = persister.prune(ALL, max_age=timedelta(days=365))
        assert (pruned.dropped, pruned.kept) == (2, 2)
        assert [h.sequence_id for h in persister.history("p", "app")] == [2, 3]

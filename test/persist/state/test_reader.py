"""Find and read states."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from zensols.persist.error import CorruptDataError
from zensols.persist.state import SQLitePersister, State


def state(number: int) -> State:
    return State(text=[f"{index:04d}" + "x" * 100 for index in range(100 + number)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "states.db"
    with SQLitePersister(path) as persister:
        for number in range(12):
            persister.save("p", "app", number, "step", state(number), "completed")
        # Whole again.
        persister.save("p", "app", 12, "step", {"small": 1}, "completed")
    return path


def change(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_damaged_step_says_what_can_still_be_read(path: Path) -> None:
    change(path, "UPDATE burr_state SET payload = x'00' WHERE sequence_id = 8")
    with SQLitePersister(path) as persister:
        with pytest.raises(
            CorruptDataError,
            match=re.escape(
                "State 8 of application 'app' in partition 'p' is damaged: record 9 is "
                "not what was written; of its states 0 to 7, 12 can still be read"
            ),
        ):
            persister.load("p", "app", 8)
        for number in 9, 10, 11:
            with pytest.raises(CorruptDataError, match=f"State {number} .* record 9 "):
                persister.load("p", "app", number)
        for number in range(8):
            found = persister.load("p", "app", number)
            assert found is not None
            assert found["state"] == state(number)
        newest = persister.load("p", "app")
        assert newest is not None
        assert newest["state"] == {"small": 1}


def test_lost_step_is_noticed(path: Path) -> None:
    change(path, "DELETE FROM burr_state WHERE sequence_id = 4")
    with SQLitePersister(path) as persister:
        assert persister.load("p", "app", 4) is None
        with pytest.raises(CorruptDataError, match="record 5 is gone"):
            persister.load("p", "app", 5)
        assert persister.load("p", "app", 3) is not None


@pytest.mark.parametrize("damaged", [0, 8, 11, 12])
def test_saving_goes_on_after_a_damage(path: Path, damaged: int) -> None:
    change(path, f"UPDATE burr_state SET payload = x'00' WHERE sequence_id = {damaged}")
    if damaged < 12:
        change(path, "DELETE FROM burr_state WHERE sequence_id = 12")
    with SQLitePersister(path) as persister:
        persister.save("p", "app", 13, "step", state(13), "completed")
        found = persister.load("p", "app", 13)
        assert found is not None
        assert found["state"] == state(13)

"""Persisters in SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import (
    AsyncSQLitePersister,
    SQLitePersister,
    SQLLitePersister,
)
from zensols.persist.testing import AsyncPersisterContract, PersisterContract


class TestSQLitePersister(PersisterContract):
    @pytest.fixture
    def persister(self, tmp_path: Path) -> Iterator[SQLitePersister]:
        with SQLitePersister(tmp_path / "states.db") as persister:
            yield persister


class TestAsyncSQLitePersister(AsyncPersisterContract):
    @pytest.fixture
    def persister(self, tmp_path: Path) -> Iterator[AsyncSQLitePersister]:
        persister = AsyncSQLitePersister(tmp_path / "states.db")
        yield persister
        self.cleanup(persister)


def test_name_of_burr() -> None:
    assert SQLLitePersister is SQLitePersister


def test_tables_are_apart(tmp_path: Path) -> None:
    path = tmp_path / "states.db"
    with SQLitePersister(path) as one, SQLitePersister(path, 'a"; DROP') as other:
        one.save("p", "app", 1, "step", {"n": 1}, "completed")
        other.save("p", "app", 1, "step", {"n": 2}, "completed")
        found = [persister.load("p", "app") for persister in (one, other)]
    assert [data["state"]["n"] for data in found if data] == [1, 2]


def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    with SQLitePersister(tmp_path / "states.db") as persister:
        assert not persister.is_initialized()
        assert persister.load("p", "app") is None
        assert list(tmp_path.iterdir()) == []
        persister.initialize()
        assert persister.is_initialized()


def test_unknown_durability_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="Unknown durability 'power'"):
        SQLitePersister(tmp_path / "a.db", durability="power")  # type: ignore[arg-type]


def test_table_of_another_program_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "states.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE burr_state (a)")
    connection.commit()
    connection.close()
    with (
        SQLitePersister(path) as persister,
        pytest.raises(PersistableError, match="made by another program"),
    ):
        persister.save("p", "app", 1, "step", {}, "completed")

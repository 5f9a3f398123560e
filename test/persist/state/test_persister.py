"""Persisters, on any records."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.state import (
    ALL,
    InMemoryPersister,
    SQLitePersister,
    State,
    StateVersionError,
)


@dataclass
class Point:
    x: int
    y: int = 0


def rename(state: dict[str, Any]) -> dict[str, Any]:
    state["new"] = state.pop("old")
    return state


def save(persister: Any, number: int = 1, **state: Any) -> None:
    persister.save("p", "app", number, "step", State(state), "completed")


def test_types_come_back_and_travel(tmp_path: Path) -> None:
    with SQLitePersister(tmp_path / "a.db", types=[Point]) as persister:
        save(persister, at=Point(1, 2))
        copy = pickle.loads(pickle.dumps(persister))
        for each in persister, persister.copy(), copy:
            assert each.load("p", "app")["state"]["at"] == Point(1, 2)
            each.cleanup()


def test_older_states_are_migrated_and_newer_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with SQLitePersister(path) as first:
        save(first, old=1)
    with SQLitePersister(path, schema_version=1, migrations=[rename]) as second:
        loaded = second.load("p", "app")
        assert loaded is not None
        assert loaded["state"] == {"new": 1}
        save(second, 2, **loaded["state"])
    with (
        SQLitePersister(path, schema_version=0) as third,
        pytest.raises(StateVersionError),
    ):
        third.load("p", "app", 2)


def test_coroutine_is_warned_once() -> None:
    persister = InMemoryPersister()

    async def use() -> None:
        save(persister, 1)
        save(persister, 2)

    with pytest.warns(RuntimeWarning, match="use AsyncInMemoryPersister") as caught:
        asyncio.run(use())
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(InMemoryPersister())


def test_all_partitions_are_listed_only_by_name() -> None:
    persister = InMemoryPersister()
    persister.save(None, "a", 1, "step", {}, "completed")
    persister.save("p", "b", 1, "step", {}, "completed")
    assert persister.list_app_ids(None) == ["a"]
    assert persister.list_app_ids(ALL) == ["b", "a"]
    with pytest.raises(TypeError):
        persister.list_app_ids()  # type: ignore[call-arg]


def test_is_made_of_values_or_a_configuration(tmp_path: Path) -> None:
    for persister in (
        SQLitePersister.from_values(tmp_path / "a.db", table_name="states"),
        SQLitePersister.from_config({"db_path": tmp_path / "a.db"}),
    ):
        with persister:
            save(persister, n=1)
            assert not persister.is_async()
    assert (tmp_path / "a.db").exists()


def test_copy_has_connections_of_its_own(tmp_path: Path) -> None:
    with SQLitePersister(tmp_path / "a.db") as persister:
        save(persister)
        copy = persister.copy()
        assert copy._records is not persister._records
        assert copy.load("p", "app") == persister.load("p", "app")
        copy.cleanup()

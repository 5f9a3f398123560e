"""Take states from one database to another, as they are stored."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.error import ClassNotFoundError
from zensols.persist.state import (
    ALL,
    InMemoryPersister,
    Persister,
    RawFork,
    RawLoss,
    SQLitePersister,
    StateExchange,
    Status,
)


def everything(persister: Persister) -> Any:
    """All states of all applications, the one saved last first."""
    exchange = persister.exchange()
    return [
        (*app, list(exchange.export(app[0], app[1]))) for app in exchange.list_apps()
    ]


def take(source: Persister, target: Persister, most: int | None = None) -> list[str]:
    exchange = target.exchange()
    items: list[Any] = list(source.exchange().export())[:most]
    return [exchange.add(item) for item in items]


@dataclass
class Message:
    text: str


_kinds = ["save"] * 6 + ["fail"] + ["fork"] * 3 + ["truncate", "delete"]

_actions = st.lists(
    st.tuples(st.sampled_from(_kinds), st.integers(0, 3), st.integers(1, 3)),
    min_size=5,
    max_size=40,
)
"""What to do, with which application, and a number."""


def carry_out(actions: list[tuple[str, int, int]]) -> InMemoryPersister:
    persister = InMemoryPersister(schema_version=3)
    for count, (action, place, number) in enumerate(actions):
        app, other = "abcd"[place], "abcd"[(place + number) % 4]
        history = persister.history("p", app)
        if action in ("save", "fail"):
            step = history[-1].sequence_id + 1 if history else 0
            state = {"text": "x" * 10_000, "number": [count]}
            status: Status = "completed" if action == "save" else "failed"
            persister.save("p", app, step, "step", state, status)
        elif action == "fork" and history and not persister.history("p", other):
            chosen = history[count % len(history)].sequence_id
            persister.fork("p", app, chosen, other)
        elif action == "truncate":
            persister.truncate("p", app, keep=number)
        elif action == "delete":
            persister.delete("p", app)
    return persister


@given(_actions, st.integers(0, 20))
def test_all_comes_back_in_order_wherever_it_broke_off(
    actions: list[tuple[str, int, int]], most: int
) -> None:
    source, target = carry_out(actions), InMemoryPersister()
    take(source, target, most)
    take(source, target)
    assert (everything(source) == everything(target)) is True
    assert set(take(source, target)) <= {"same"}
    assert (everything(source) == everything(target)) is True


def test_forks_share_what_they_shared(tmp_path: Path) -> None:
    source = SQLitePersister(tmp_path / "a.db")
    for number in range(50):
        state = {"noise": [hash((number, i)) for i in range(1000)]}
        source.save(None, "a", number, "step", state, "completed")
    for name in "bcdef":
        source.fork(None, "a", 48, name)
    source.save(None, "d", 49, "elsewhere", {}, "completed")
    items = list(source.exchange().export())
    assert sum(isinstance(item, RawFork) for item in items) == 5
    target = SQLitePersister(tmp_path / "b.db")
    take(source, target)
    assert (everything(source) == everything(target)) is True
    source.cleanup()
    target.cleanup()
    assert (tmp_path / "b.db").stat().st_size < 1.1 * (tmp_path / "a.db").stat().st_size


def test_a_fork_alone_has_all_of_its_past() -> None:
    source, target = InMemoryPersister(), InMemoryPersister()
    for number in 1, 2, 3:
        source.save(None, "a", number, "step", {"n": number}, "completed")
    source.fork(None, "a", 2, "b")
    source.save(None, "b", 3, "elsewhere", {"n": 4}, "failed")
    exchange = target.exchange()
    for item in source.exchange().export(None, "b"):
        assert not isinstance(item, RawLoss)
        exchange.add(item)
    assert source.history(None, "b") == target.history(None, "b")
    assert target.list_app_ids(ALL) == ["b"]


def test_partitions_are_told_apart() -> None:
    source, target = InMemoryPersister(), InMemoryPersister()
    for partition in None, "", "-", "p":
        source.save(partition, "a", 1, "step", {"in": partition}, "completed")
    assert [item.partition_key for item in source.exchange().export("")] == [""]
    assert [item.partition_key for item in source.exchange().export(None)] == [None]
    take(source, target)
    assert everything(source) == everything(target)


def test_classes_and_versions_are_not_needed() -> None:
    source = InMemoryPersister(types=[Message], schema_version=7)
    source.save(None, "a", 1, "step", {"last": Message("hi")}, "completed")
    bare = InMemoryPersister()
    take(source, bare)
    with pytest.raises((ClassNotFoundError, Exception), match=r"Message|version"):
        bare.load(None, "a")
    found = bare.exchange().find(None, "a")
    assert found is not None
    assert b'"$object"' in found.data
    assert found.schema_version == 7
    target = InMemoryPersister(types=[Message], schema_version=7)
    take(bare, target)
    assert target.load(None, "a") == source.load(None, "a")


def test_what_is_not_there_is_none() -> None:
    persister = InMemoryPersister()
    assert persister.exchange().find(None, "a") is None
    persister.save(None, "a", 1, "step", {}, "completed")
    assert persister.exchange().find(None, "a", 2) is None
    assert list(persister.exchange().export("p")) == []


def test_damaged_states_are_lost_and_all_else_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with SQLitePersister(path) as persister:
        for number in 1, 2, 3, 4:
            persister.save(None, "a", number, "step", {"n": number}, "completed")
        persister.fork(None, "a", 3, "b")
        persister.save(None, "b", 5, "step", {}, "completed")
        persister.save(None, "c", 1, "step", {}, "completed")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE burr_state SET payload = x'00000000' WHERE sequence_id = 2"
        )
    connection.close()
    target = InMemoryPersister()
    exchange: StateExchange = target.exchange()
    lost = []
    with SQLitePersister(path) as persister:
        for item in persister.exchange().export():
            if isinstance(item, RawLoss):
                lost.append((item.app_id, item.states))
                assert "2" in str(item.error) or "'a'" in str(item.error)
            else:
                assert exchange.add(item) == "added"
    assert lost == [("a", 1), ("b", 1)]
    numbers = {
        app: [item.sequence_id for item in target.history(None, app)] for app in "abc"
    }
    assert numbers == {"a": [1, 3, 4], "b": [1, 3, 5], "c": [1]}

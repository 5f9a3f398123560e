"""Delete from stashes what no application has any more."""

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist import DictionaryStash
from zensols.persist.state import StashPersister, State, stashlog


def large(number: int) -> State:
    return State(text="x" * 9000, number=number)


@pytest.fixture
def stash(monkeypatch: pytest.MonkeyPatch) -> DictionaryStash[Any]:
    monkeypatch.setattr(stashlog, "WIDTH", 2)
    return DictionaryStash()


def count(stash: DictionaryStash[Any], kind: str) -> int:
    return sum(key.startswith(f"states.{kind}.") for key in stash.data)


def test_what_nothing_needs_is_deleted(stash: DictionaryStash[Any]) -> None:
    persister = StashPersister(stash)
    for number in range(20):
        persister.save("p", "app", number, "step", large(number), "completed")
    persister.fork("p", "app", 3, "fork")
    persister.truncate("p", "app", keep=1)
    # The first ones belong to the fork; the last one is a delta against two others,
    # one of them among these.
    path = persister._records.find("p", "app", None).stored.path  # type: ignore[union-attr]  # there is one
    assert len(path) == 3
    assert count(stash, "record") == 4 + 1 + 2
    persister.delete("p", "fork")
    assert count(stash, "record") == 1 + 3
    persister.delete("p", "app")
    assert list(stash.data) == ["states"]


def test_deleted_source_stays_as_long_as_its_fork(stash: DictionaryStash[Any]) -> None:
    persister = StashPersister(stash)
    for number in range(5):
        persister.save("p", "app", number, "step", large(number), "completed")
    persister.fork("p", "app", 4, "fork")
    persister.fork("p", "fork", 2, "second")
    persister.delete("p", "app")
    persister.save("p", "app", 0, "step", {}, "completed")
    assert count(stash, "family") == 1
    persister.delete("p", "fork")
    assert [item.sequence_id for item in persister.history("p", "second")] == [0, 1, 2]
    persister.delete("p", "second")
    assert count(stash, "family") == 0
    assert count(stash, "record") == 1


def test_stale_chains_are_not_gone_on_with(stash: DictionaryStash[Any]) -> None:
    stale, other = StashPersister(stash), StashPersister(stash)
    for number in range(9):
        stale.save("p", "app", number, "step", large(number), "completed")
    other.save("p", "app", 9, "step", State(small=True), "completed")
    other.truncate("p", "app", keep=1)
    # It remembers states that are gone.
    stale.save("p", "app", 10, "step", large(10), "completed")
    other.delete("p", "app")
    other.save("p", "app", 1, "step", State(small=True), "completed")
    stale.save("p", "app", 11, "step", large(11), "completed")
    found = other.load("p", "app", 11)
    assert found is not None
    assert found["state"] == large(11)

"""Look at what an application was, and go on from there."""

from __future__ import annotations

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import ALL, HistoryItem, InMemoryPersister


def test_what_there_is_not_is_named() -> None:
    persister = InMemoryPersister()
    message = "No state 3 of application 'chat' in partition 'p': see its history"
    with pytest.raises(PersistableError, match=message):
        persister.diff("p", "chat", 3, 4)
    with pytest.raises(PersistableError, match=message):
        persister.fork("p", "chat", 3, "other")
    assert persister.list_app_ids(ALL) == []


def test_history_of_a_fork_has_its_past() -> None:
    persister = InMemoryPersister()
    for number in 1, 2:
        persister.save(None, "a", number, f"at {number}", {"n": number}, "completed")
    persister.fork(None, "a", 1, "b")
    persister.save(None, "b", 2, "elsewhere", {"n": 3}, "failed")
    history = persister.history(None, "b")
    assert all(isinstance(item, HistoryItem) for item in history)
    assert [item.position for item in history] == ["at 1", "elsewhere"]
    assert [item.size for item in history] == [len(b'{"n":1}')] * 2

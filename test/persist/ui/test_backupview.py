from __future__ import annotations

from typing import Any

import pytest

from zensols.persist import DictionaryStash
from zensols.persist.backup import restore, snapshot
from zensols.persist.ui import backupview
from zensols.persist.ui.backupview import (
    compare,
    list_restorations,
    list_snapshots,
    restoration_text,
    snapshot_text,
)


@pytest.fixture
def stash() -> DictionaryStash[Any]:
    return DictionaryStash({"a": 1, "b": 2})


def test_snapshots(stash: DictionaryStash[Any], monkeypatch: Any) -> None:
    into: DictionaryStash[Any] = DictionaryStash()
    first = snapshot(stash, into, name="work")
    del stash["b"]
    second = snapshot(stash, into, name="work")
    assert [s.id for s in list_snapshots(into)] == [second.id, first.id]
    assert snapshot_text(first).startswith("2 entries, ")
    assert snapshot_text(second).startswith("1 entry, ")
    monkeypatch.setattr(backupview, "MOST", 1)
    assert [s.id for s in list_snapshots(into)] == [second.id]


def test_comparison(stash: DictionaryStash[Any], monkeypatch: Any) -> None:
    into: DictionaryStash[Any] = DictionaryStash()
    first = snapshot(stash, into, name="work")
    stash["a"], stash["c\n"] = 5, 6
    del stash["b"]
    for after in (stash, snapshot(stash, into, name="work")):
        found = compare(first, after)
        assert [str(change) for change in found.changes] == ["~ a", "− b", r"+ c\n"]
        assert not found.is_part
    monkeypatch.setattr(backupview, "MOST", 2)
    found = compare(first, stash)
    assert len(found.changes) == 2
    assert found.is_part


def test_restorations(stash: DictionaryStash[Any]) -> None:
    into: DictionaryStash[Any] = DictionaryStash()
    taken = snapshot(stash, into, name="work")
    assert restoration_text(restore(taken, stash, dry_run=True)) == "nothing"
    stash["a"], stash["c"] = 5, 6
    del stash["b"]
    done = restore(taken, stash, mode="replace")
    assert restoration_text(done) == "1 added, 1 changed, 1 removed"
    [listed] = list_restorations(into)
    assert listed.id == done.id
    done.undo()
    assert list_restorations(into) == []

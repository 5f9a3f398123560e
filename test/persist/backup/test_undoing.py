from __future__ import annotations

from typing import Any

import pytest

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.backup import restorations, restore, snapshot, undo


@pytest.fixture
def into() -> DictionaryStash[Any]:
    return DictionaryStash()


def test_undone_one_after_the_other(into: DictionaryStash[Any]) -> None:
    stash = DictionaryStash({"a": 0})
    taken = [snapshot(stash, into)]
    for number in 1, 2:
        stash["a"] = number
        taken.append(snapshot(stash, into))
    stash["a"] = 3
    for one in taken:
        restore(one, stash)
    assert [undo(stash, into).snapshot for _ in taken] == [t.id for t in taken[::-1]]
    assert stash["a"] == 3
    with pytest.raises(PersistableError, match="Nothing to undo in memory:"):
        undo(stash, into)


def test_of_another_stash(into: DictionaryStash[Any]) -> None:
    stash = DictionaryStash({"a": 0})
    taken = snapshot(stash, into)
    stash.clear()
    restore(taken, stash)

    class Other(DictionaryStash[Any]):
        pass

    other = Other()
    with pytest.raises(PersistableError, match="Nothing to undo"):
        undo(other, into)
    (found,) = restorations(into)
    with pytest.raises(PersistableError, match=r"use undo\(stash, into\)"):
        found.undo()
    assert dict(stash) == {"a": 0}

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.backup import restorations, restore, snapshot
from zensols.persist.backup.restoration import Keys
from zensols.persist.error import CorruptDataError


class Failing(DictionaryStash[Any]):
    """Fails when it has written some."""

    left = 1000

    def dump(self, name: str, inst: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise PersistableError("No space left on device")
        super().dump(name, inst)


@pytest.fixture
def into() -> DictionaryStash[Any]:
    return DictionaryStash()


def test_done_by_half(into: DictionaryStash[Any]) -> None:
    stash = Failing()
    stash.dump_many((str(n), "old") for n in range(9))
    taken = snapshot(stash, into)
    stash.dump_many((str(n), "new") for n in range(9))
    before = dict(stash)
    stash.left = 4
    with pytest.raises(PersistableError, match="No space"):
        restore(taken, stash)
    assert dict(stash) != before
    stash.left = 1000
    (found,) = restorations(into, stash)
    assert found.is_interrupted
    assert (found.state, list(found.changed)) == ("begun", [str(n) for n in range(9)])
    found.undo()
    assert dict(stash) == before
    assert restorations(into, stash)[0].state == "undone"
    found.finish()
    assert dict(stash) == dict.fromkeys(before, "old")
    assert not restorations(into, stash)[0].is_interrupted


def test_what_was_there_is_damaged(into: DictionaryStash[Any]) -> None:
    """Then nothing is undone."""
    stash = DictionaryStash({"a": "x" * 500, "b": 1})
    taken = snapshot(stash, into)
    stash["a"], stash["b"] = "y" * 600, 2
    done = restore(taken, stash)
    for key in [key for key in into.keys() if key.startswith("object-")]:
        into[key] = b"damaged"
    with pytest.raises(CorruptDataError):
        done.undo()
    assert dict(stash) == {"a": "x" * 500, "b": 1}


def test_later_writes_stay(into: DictionaryStash[Any]) -> None:
    """Those of other keys."""
    stash = DictionaryStash({"a": 1})
    taken = snapshot(stash, into)
    stash["a"] = 2
    done = restore(taken, stash)
    stash["b"] = 3
    done.undo()
    assert dict(stash) == {"a": 2, "b": 3}


def test_keys() -> None:
    keys = Keys(2, lambda: iter(["a", "b"]))
    assert len(keys) == 2
    assert list(keys) == list(keys) == ["a", "b"]
    assert "a" in keys
    assert repr(keys) == "<2 keys>"

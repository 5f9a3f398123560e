from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
)

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.backup import (
    Snapshot,
    prune,
    restorations,
    restore,
    snapshot,
    undo,
    verify,
)
from zensols.persist.domain import Stash, open_stash

KEYS = st.sampled_from([f"key-{n}" for n in range(12)])


class Snapshots(RuleBasedStateMachine):
    """What is restored is what was there, whatever happened in between."""

    taken: ClassVar[Any] = Bundle("taken")

    def __init__(self) -> None:
        super().__init__()
        self.stash = self.open()
        self.into = DictionaryStash[Any]()
        self.model: dict[str, Any] = {}
        self.undoable: list[dict[str, Any]] = []

    def open(self) -> Stash[Any]:
        return DictionaryStash()

    @rule(key=KEYS, value=st.integers(0, 5), times=st.sampled_from([1, 100]))
    def dump(self, key: str, value: int, times: int) -> None:
        self.stash[key] = self.model[key] = [value] * times
        self.undoable = []

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.stash.delete(key)
        self.model.pop(key, None)
        self.undoable = []

    @rule(target=taken)
    def snapshot(self) -> tuple[Snapshot, dict[str, Any]]:
        return snapshot(self.stash, self.into), dict(self.model)

    @rule(
        one=taken,
        keys=st.none() | st.sets(KEYS) | st.just("key-1*"),
        replaced=st.booleans(),
        dry_run=st.booleans(),
    )
    def restore(
        self,
        one: tuple[Snapshot, dict[str, Any]],
        keys: Any,
        replaced: bool,
        dry_run: bool,
    ) -> None:
        taken, content = one
        if isinstance(keys, set) and not replaced:
            keys &= content.keys()
        wanted = keys
        if keys is None:
            wanted = content.keys() | self.model.keys()
        elif keys == "key-1*":
            wanted = {"key-1", "key-10", "key-11"}
        new = {k: v for k, v in self.model.items() if not (replaced and k in wanted)}
        new |= {k: v for k, v in content.items() if k in wanted}
        mode: Any = "replace" if replaced else "merge"
        done = restore(taken, self.stash, keys, mode=mode, dry_run=dry_run)
        old = self.model
        assert set(done.added) == new.keys() - old.keys()
        assert set(done.removed) == old.keys() - new.keys()
        assert {k for k in new.keys() & old.keys() if old[k] != new[k]} <= set(
            done.changed
        )
        assert len(done.changed) == len(set(done.changed))
        if not dry_run:
            self.undoable.append(old)
            self.model = new

    @rule()
    def undo(self) -> None:
        if self.undoable:
            undo(self.stash, self.into)
            self.model = self.undoable.pop()

    @rule(one=consumes(taken))
    def prune(self, one: Any) -> None:
        prune(self.into, keep=100)

    @invariant()
    def same(self) -> None:
        assert dict(self.stash) == self.model

    def teardown(self) -> None:
        assert list(verify(self.into)) == []


class EntrySnapshots(Snapshots):
    """The same with a store of entries."""

    def open(self) -> Stash[Any]:
        return open_stash("memory:?codec=json")


TestSnapshots = Snapshots.TestCase
TestEntrySnapshots = EntrySnapshots.TestCase
for _case in TestSnapshots, TestEntrySnapshots:
    _case.settings = settings(deadline=None, max_examples=25, stateful_step_count=15)


@pytest.fixture
def stash() -> DictionaryStash[int]:
    return DictionaryStash({"a": 1, "ab": 2, "b": 3})


@pytest.mark.parametrize(
    ("keys", "restored"),
    [
        (None, {"a", "ab", "b"}),
        ("a*", {"a", "ab"}),
        ("a", {"a"}),
        (["b"], {"b"}),
        (iter(("a", "b")), {"a", "b"}),
        (lambda key: len(key) == 2, {"ab"}),
        ([], set()),
    ],
)
def test_chosen_keys(
    stash: DictionaryStash[int], keys: Any, restored: set[str]
) -> None:
    taken = snapshot(stash, DictionaryStash())
    stash.clear()
    done = restore(taken, stash, keys)
    assert set(stash.keys()) == set(done.added) == restored


def test_key_that_is_not_there(stash: DictionaryStash[int]) -> None:
    taken = snapshot(stash, DictionaryStash())
    stash["new"] = 4
    with pytest.raises(PersistableError, match="no key 'new', nor 1 more"):
        restore(taken, stash, ["new", "other", "a"])
    done = restore(taken, stash, ["new", "other", "a"], mode="replace")
    assert list(done.removed) == ["new"]
    assert "new" not in stash


def test_dry_run_touches_nothing(stash: DictionaryStash[int]) -> None:
    taken = snapshot(stash, DictionaryStash[Any]())
    stash.clear()
    before = dict(taken.into)
    done = restore(taken, stash, dry_run=True)
    assert (len(done.added), list(done.added)) == (3, ["a", "ab", "b"])
    assert dict(stash) == {}
    assert dict(taken.into) == before
    assert done.state == "planned"
    with pytest.raises(PersistableError, match="only planned"):
        done.undo()


def test_wrong_mode(stash: DictionaryStash[int]) -> None:
    wrong: Any = "overwrite"
    with pytest.raises(PersistableError, match="'overwrite': use 'merge' or 'replace'"):
        restore(snapshot(stash, DictionaryStash()), stash, mode=wrong)


def test_nothing_to_do(stash: DictionaryStash[int]) -> None:
    into = DictionaryStash[Any]()
    done = restore(snapshot(stash, into), stash)
    assert (len(done.added), len(done.changed), len(done.removed)) == (0, 0, 0)
    assert [one.state for one in restorations(into)] == ["done"]


def test_other_codec() -> None:
    """Of the stash that is restored to."""
    source, target = (
        open_stash("memory:?codec=json"),
        open_stash("memory:?codec=pickle"),
    )
    source["a"], target["a"] = [1, 2], "old"
    done = restore(snapshot(source, DictionaryStash()), target)
    assert target["a"] == [1, 2]
    done.undo()
    assert target["a"] == "old"

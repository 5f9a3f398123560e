from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from zensols.persist.domain import DelegateStash
from zensols.persist.stash import DictionaryStash

KEYS = st.sampled_from(["", "a", "b", "c"])
VALUES = st.one_of(st.none(), st.integers())


class MappingMachine(RuleBasedStateMachine):
    """A stash's view does as a dictionary does."""

    def __init__(self) -> None:
        super().__init__()
        self.stash: DelegateStash[Any] = DelegateStash(DictionaryStash())
        self.view = self.stash.as_mapping()
        self.model: dict[str, Any] = {}

    @rule(key=KEYS, value=VALUES)
    def set(self, key: str, value: Any) -> None:
        self.view[key] = self.model[key] = value

    @rule(key=KEYS, value=VALUES)
    def setdefault(self, key: str, value: Any) -> None:
        assert self.view.setdefault(key, value) == self.model.setdefault(key, value)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        if key in self.model:
            del self.model[key]
            del self.view[key]
        else:
            with pytest.raises(KeyError, match=repr(key)):
                del self.view[key]

    @rule(key=KEYS)
    def pop(self, key: str) -> None:
        assert self.view.pop(key, "none") == self.model.pop(key, "none")

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.view.get(key, "none") == self.model.get(key, "none")
        assert (key in self.view) == (key in self.model)

    @rule(data=st.dictionaries(KEYS, VALUES))
    def update(self, data: dict[str, Any]) -> None:
        self.view.update(data)
        self.model.update(data)

    @rule()
    def clear(self) -> None:
        self.view.clear()
        self.model.clear()

    @invariant()
    def equal(self) -> None:
        assert self.view == self.model
        assert list(self.view) == list(self.model)
        assert len(self.view) == len(self.model)
        assert dict(self.stash) == self.model


TestMapping = MappingMachine.TestCase


def test_is_a_mutable_mapping_of_the_stash() -> None:
    stash: DictionaryStash[int] = DictionaryStash({"a": 1})
    view = stash.as_mapping()
    assert isinstance(view, MutableMapping)
    assert list(view) == ["a"]
    assert list(view.items()) == [("a", 1)]
    with pytest.raises(KeyError, match="b"):
        view["b"]
    assert repr(view) == "StashMapping(DictionaryStash(_data={'a': 1}))"

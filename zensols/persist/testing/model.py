"""The part of the contract that compares a stash with a dictionary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ..domain import Stash
from ..missing import MISSING
from .hooks import StashHooks
from .keys import keys

__all__ = ["ModelContract"]


class ModelContract(StashHooks):
    """Whatever is done to a stash, it stays equal to a dictionary to which the
    same is done.

    >>> from zensols.persist import DictionaryStash
    >>> ModelContract().test_behaves_as_a_dictionary(DictionaryStash())

    """

    def key_strategy(self) -> st.SearchStrategy[str]:
        """Return a strategy for keys, by default of any text."""
        return keys()

    def value_strategy(self) -> st.SearchStrategy[Any]:
        """Return a strategy for values, by default of :attr:`values`."""
        return st.sampled_from(list(self.values))

    def test_behaves_as_a_dictionary(self, stash: Stash[Any]) -> None:
        """Random sequences of operations have the same results."""
        machine = _machine(self, stash)
        run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis
            machine,
            settings=settings(max_examples=25, stateful_step_count=25, deadline=None),
        )


def _machine(
    contract: ModelContract, fresh: Stash[Any]
) -> type[RuleBasedStateMachine]:
    any_key = contract.key_strategy()
    any_value = contract.value_strategy()

    class StashMachine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.stash = fresh
            self.stash.clear()
            self.model: dict[str, Any] = {}

        @rule(key=any_key, value=any_value)
        def dump(self, key: str, value: Any) -> None:
            self.stash.dump(key, value)
            self.model[key] = value
            assert contract.raw_get(self.stash, key) == value

        @rule(key=any_key, value=any_value)
        def set_default(self, key: str, value: Any) -> None:
            found = self.stash.as_mapping().setdefault(key, value)
            assert found == self.model.setdefault(key, value)

        @rule(key=any_key)
        def delete(self, key: str) -> None:
            self.stash.delete(key)
            self.model.pop(key, None)
            assert contract.raw_get(self.stash, key) is MISSING

        @precondition(lambda self: self.model)
        @rule(data=st.data())
        def del_one(self, data: st.DataObject) -> None:
            key = data.draw(st.sampled_from(sorted(self.model)))
            del self.stash[key]
            del self.model[key]

        @rule(key=any_key)
        def del_absent(self, key: str) -> None:
            if key not in self.model:
                with pytest.raises(KeyError):
                    del self.stash[key]

        @rule(key=any_key)
        def read(self, key: str) -> None:
            default = object()
            assert self.stash.exists(key) == (key in self.model)
            assert self.stash.load(key) == self.model.get(key)
            assert self.stash.get(key, default) == self.model.get(key, default)
            if key in self.model:
                assert self.stash[key] == self.model[key]
            else:
                with pytest.raises(KeyError):
                    self.stash[key]

        @rule()
        def reopen(self) -> None:
            reopened = contract.reopen(self.stash)
            if reopened is not None:
                self.stash = reopened

        @precondition(lambda self: len(self.model) > 3)
        @rule()
        def clear(self) -> None:
            self.stash.clear()
            self.model.clear()

        @invariant()
        def has_the_same_items(self) -> None:
            assert len(self.stash) == len(self.model)
            assert sorted(self.stash.keys()) == sorted(self.model)
            assert dict(self.stash) == self.model

    return StashMachine

"""The part of the contract that compares a stash with a dictionary."""

from __future__ import annotations

from typing import Any, ClassVar

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

    examples: ClassVar[int] = 25
    """How many sequences of operations to try."""

    def key_strategy(self) -> st.SearchStrategy[str]:
        """Return a strategy for keys, by default of any text."""
        return keys()

    def value_strategy(self) -> st.SearchStrategy[Any]:
        """Return a strategy for values, by default of :attr:`values`."""
        return st.sampled_from(list(self.values))

    def test_behaves_as_a_dictionary(self, stash: Stash[Any]) -> None:
        """Random sequences of operations have the same results."""

        class Machine(_StashMachine):
            def __init__(self) -> None:
                super().__init__(contract, stash)

        contract = self
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=self.examples, stateful_step_count=25, deadline=None
            ),
        )


_any_key = st.runner().flatmap(lambda machine: machine.contract.key_strategy())
_any_value = st.runner().flatmap(lambda machine: machine.contract.value_strategy())
_known_key = st.runner().flatmap(lambda machine: st.sampled_from(sorted(machine.model)))


class _StashMachine(RuleBasedStateMachine):
    def __init__(self, contract: ModelContract, stash: Stash[Any]) -> None:
        super().__init__()
        self.contract = contract
        self.stash = stash
        self.stash.clear()
        self.model: dict[str, Any] = {}

    @rule(key=_any_key, value=_any_value)
    def dump(self, key: str, value: Any) -> None:
        self.stash.dump(key, value)
        self.model[key] = value
        assert self.contract.raw_get(self.stash, key) == value

    @rule(key=_any_key, value=_any_value)
    def set_default(self, key: str, value: Any) -> None:
        found = self.stash.as_mapping().setdefault(key, value)
        assert found == self.model.setdefault(key, value)

    @rule(key=_any_key)
    def delete(self, key: str) -> None:
        self.stash.delete(key)
        self.model.pop(key, None)
        assert self.contract.raw_get(self.stash, key) is MISSING

    @precondition(lambda self: self.model)
    @rule(key=_known_key)
    def del_known(self, key: str) -> None:
        del self.stash[key]
        del self.model[key]

    @precondition(lambda self: self.model)
    @rule(key=_known_key)
    def read_known(self, key: str) -> None:
        assert self.stash.exists(key)
        found = [self.stash.load(key), self.stash.get(key, MISSING), self.stash[key]]
        assert found == [self.model[key]] * 3

    @rule(key=_any_key)
    def read(self, key: str) -> None:
        default = object()
        assert self.stash.exists(key) == (key in self.model)
        assert self.stash.load(key) == self.model.get(key)
        assert self.stash.get(key, default) == self.model.get(key, default)

    @rule(key=_any_key)
    def require(self, key: str) -> None:
        if key not in self.model:
            with pytest.raises(KeyError):
                self.stash[key]
            with pytest.raises(KeyError):
                del self.stash[key]

    @rule()
    def reopen(self) -> None:
        reopened = self.contract.reopen(self.stash)
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

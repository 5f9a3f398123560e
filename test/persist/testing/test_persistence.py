"""Stashes that lose or share what they shouldn't, each of which has to fail."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from zensols.persist.stash import DictionaryStash
from zensols.persist.testing import PersistenceContract


class CopyingStash(DictionaryStash[Any]):
    """Shares its dictionary with those that are reopened and unpickled."""

    stores: list[dict[str, Any]] = []  # noqa: RUF012

    def load(self, name: str) -> Any:
        return copy.deepcopy(super().load(name))

    def get(self, name: str, default: Any = None) -> Any:
        return copy.deepcopy(super().get(name, default))

    def dump(self, name: str, inst: Any) -> None:
        super().dump(name, copy.deepcopy(inst))

    def __reduce__(self) -> Any:
        self.stores.append(self.data)
        return type(self)._restore, (len(self.stores) - 1,)

    @classmethod
    def _restore(cls, number: int) -> Any:
        return cls(cls.stores[number])


class SharesLoaded(CopyingStash):
    def load(self, name: str) -> Any:
        return self.data.get(name)


class SharesStored(CopyingStash):
    def dump(self, name: str, inst: Any) -> None:
        self.data[name] = inst


class ReopensEmpty(CopyingStash):
    pass


class ReopensAsCopy(CopyingStash):
    pass


class LosesItemsInPickle(CopyingStash):
    def __reduce__(self) -> Any:
        return type(self), ()


class RestoresAsOther(CopyingStash):
    def __reduce__(self) -> Any:
        return DictionaryStash, (self.data,)


class Contract(PersistenceContract):
    def reopen(self, stash: Any) -> Any:
        if isinstance(stash, ReopensEmpty):
            return ReopensEmpty()
        if isinstance(stash, ReopensAsCopy):
            return ReopensAsCopy(dict(stash.data))
        return type(stash)(stash.data)


BROKEN = [
    (SharesLoaded, "test_loaded_value_is_a_copy"),
    (SharesStored, "test_loaded_value_is_a_copy"),
    (ReopensEmpty, "test_reopened_has_the_same"),
    (ReopensAsCopy, "test_two_see_each_other"),
    (LosesItemsInPickle, "test_pickled_has_the_same"),
    (RestoresAsOther, "test_pickled_has_the_same"),
]


def make(kind: Any, test: str) -> Any:
    filled = test == "test_pickled_has_the_same"
    return kind(dict(Contract().items) if filled else {})


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_broken_stash_fails(broken: Any, test: str) -> None:
    getattr(Contract(), test)(make(CopyingStash, test))
    with pytest.raises((AssertionError, KeyError)):
        getattr(Contract(), test)(make(broken, test))


def test_each_test_can_fail() -> None:
    tests = {name for name in vars(PersistenceContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests


def test_what_does_not_apply_is_skipped() -> None:
    class InMemory(PersistenceContract):
        copies = False
        pickles = False

    for test, _ in (
        ("test_reopened_has_the_same", ReopensEmpty),
        ("test_two_see_each_other", ReopensEmpty),
        ("test_loaded_value_is_a_copy", SharesLoaded),
        ("test_pickled_has_the_same", LosesItemsInPickle),
    ):
        with pytest.raises(pytest.skip.Exception):
            getattr(InMemory(), test)(DictionaryStash())

"""Stashes that aren't dictionaries after some operations, each of which has to
fail.

"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash, LRUCacheStash
from zensols.persist.testing import ModelContract


class DeletesNeighbours(DictionaryStash[Any]):
    def delete(self, name: str | None = None) -> None:
        for key in list(self.data):
            if name and key.startswith(name):
                del self.data[key]
        super().delete(name)


class KeepsOne(DictionaryStash[Any]):
    """Doesn't replace a value by an empty one."""

    def dump(self, name: str, inst: Any) -> None:
        super().dump(name, inst or self.data.get(name, inst))


class ForgetsWhatWasDeleted(DictionaryStash[Any]):
    """Takes a key that was deleted once for absent ever after."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.deleted: set[str | None] = set()

    def delete(self, name: str | None = None) -> None:
        super().delete(name)
        self.deleted.add(name)

    def exists(self, name: str) -> bool:
        return super().exists(name) and name not in self.deleted

    def clear(self) -> None:
        super().clear()
        self.deleted.clear()


@pytest.fixture(autouse=True)
def repeatable() -> Iterator[None]:
    """The same operations each time, so that a fault that is found once always
    is, and no shrinking, as nobody reads these failures.

    """
    before = settings.get_current_profile_name()
    settings.register_profile(
        "repeatable", phases=[Phase.generate], derandomize=True, database=None
    )
    settings.load_profile("repeatable")
    yield
    settings.load_profile(before)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LRUCacheStash(3),
        DeletesNeighbours,
        KeepsOne,
        ForgetsWhatWasDeleted,
    ],
)
def test_broken_stash_fails(make: Any) -> None:
    class FewKeys(ModelContract):
        # So that the fault is sure to be found.
        examples = 200

        def key_strategy(self) -> st.SearchStrategy[str]:
            return st.sampled_from(["", "a", "ab", "abc", "b"])

        def value_strategy(self) -> st.SearchStrategy[Any]:
            return st.sampled_from([1, 2, None])

    with pytest.raises((AssertionError, KeyError)):
        FewKeys().test_behaves_as_a_dictionary(make())


def test_reads_behind_the_back() -> None:
    class Contract(ModelContract):
        def raw_get(self, stash: Any, key: str) -> Any:
            return MISSING

    with pytest.raises(AssertionError):
        Contract().test_behaves_as_a_dictionary(DictionaryStash())


def test_reopens() -> None:
    class Contract(ModelContract):
        examples = 200

        def reopen(self, stash: Any) -> Any:
            return DictionaryStash()

        def raw_get(self, stash: Any, key: str) -> Any:
            return stash.get(key, MISSING)

    with pytest.raises(AssertionError):
        Contract().test_behaves_as_a_dictionary(DictionaryStash())

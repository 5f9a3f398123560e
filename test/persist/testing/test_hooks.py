from __future__ import annotations

from typing import Any

import pytest

from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash
from zensols.persist.testing import StashHooks


def test_items_have_all_names() -> None:
    hooks = StashHooks()
    assert list(hooks.items) == list(hooks.names)
    assert None in hooks.items.values()


def test_few_values_are_repeated() -> None:
    class Hooks(StashHooks):
        values = (b"a", b"b")

    assert list(Hooks().items.values()) == [b"a", b"b", b"a", b"b", b"a"]


def test_values_differ() -> None:
    hooks = StashHooks()
    assert hooks.make_value(1) == hooks.make_value(1) != hooks.make_value(2)
    assert len(str(hooks.make_large_value())) > 1 << 21


def test_store_is_the_stash_by_default() -> None:
    stash, hooks = DictionaryStash[Any](), StashHooks()
    hooks.raw_put(stash, "a", None)
    assert stash.data == {"a": None}
    assert hooks.raw_get(stash, "a") is None
    assert hooks.raw_get(stash, "b") is MISSING
    assert list(hooks.raw_keys(stash)) == ["a"]


def test_store_is_used_by_another_object_if_there_is_one() -> None:
    stash, other = DictionaryStash[Any]({"mine": 1}), DictionaryStash[Any]()

    class Hooks(StashHooks):
        def reopen(self, stash: Any) -> Any:
            return other

    hooks = Hooks()
    assert hooks.raw_get(stash, "mine") is MISSING
    hooks.raw_put(stash, "a", 1)
    assert list(hooks.raw_keys(stash)) == ["a"]
    assert stash.data == {"mine": 1}


class TestMissingFixture(StashHooks):
    def test_is_named(self, request: pytest.FixtureRequest) -> None:
        with pytest.raises(NotImplementedError, match="TestMissingFixture needs"):
            request.getfixturevalue("stash")

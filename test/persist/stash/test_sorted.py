from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols.persist.stash import DictionaryStash, SortedStash

DATA = {"10": "x", "9": "y", "a": "z"}


@dataclass
class Recording(DictionaryStash[Any]):
    listed: int = field(default=0, kw_only=True)

    def keys(self) -> Any:
        self.listed += 1
        return super().keys()


def test_keys_are_a_sorted_list() -> None:
    stash = SortedStash(DictionaryStash(DATA))
    assert stash.keys() == ["10", "9", "a"]
    assert list(stash) == list(stash.items()) == sorted(DATA.items())
    assert list(stash.values()) == ["x", "y", "z"]
    assert len(stash) == 3


def test_sort_function_is_the_key_function() -> None:
    del (data := dict(DATA))["a"]
    stash = SortedStash(DictionaryStash(data), int)
    assert stash.keys() == ["9", "10"]
    assert list(stash.values()) == ["y", "x"]
    stash.sort_function = lambda key: -int(key)
    assert stash.keys() == ["10", "9"]
    assert SortedStash.ATTR_EXP_META == ("sort_function",)


def test_loading_does_not_sort() -> None:
    inner = Recording(DATA)
    stash = SortedStash(inner)
    assert stash["10"] == stash.load("10") == stash.get("10") == "x"
    assert "a" in stash
    assert "b" not in stash
    assert inner.listed == 0


def test_writes_pass() -> None:
    stash = SortedStash(DictionaryStash())
    stash["b"], stash["a"] = 1, None
    assert list(stash) == [("a", None), ("b", 1)]
    del stash["b"]
    assert stash.keys() == ["a"]
    stash.clear()
    assert stash.keys() == []


def test_deleting_while_iterating() -> None:
    stash = SortedStash(DictionaryStash(dict(DATA)))
    for key in stash.keys():
        del stash[key]
    assert len(stash) == 0


def test_keys_that_can_not_be_compared() -> None:
    with pytest.raises(ValueError, match="'a'"):
        SortedStash(DictionaryStash(DATA), int).keys()


def test_pickles() -> None:
    stash = SortedStash(DictionaryStash(DATA), str.lower)
    assert pickle.loads(pickle.dumps(stash)) == stash

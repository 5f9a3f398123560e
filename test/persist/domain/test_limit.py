from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols.persist.domain import KeyLimitStash
from zensols.persist.stash import DictionaryStash

DATA = {"a": 1, "b": None, "c": 3}


def test_has_the_first_keys() -> None:
    stash = KeyLimitStash(DictionaryStash(DATA), limit=2)
    assert list(stash.keys()) == ["a", "b"]
    assert dict(stash) == {"a": 1, "b": None}
    assert len(stash) == 2
    assert "b" in stash
    assert "c" not in stash


def test_default_has_all() -> None:
    stash = KeyLimitStash(DictionaryStash(DATA))
    assert dict(stash) == DATA
    assert "c" in stash
    assert stash["c"] == 3


def test_f_load_and_get_are_limited() -> None:
    stash = KeyLimitStash(DictionaryStash(DATA), limit=2)
    assert stash.load("a") == 1
    assert stash.load("c") is None
    assert stash.get("c", 9) == 9
    assert stash.get("b", 9) is None
    with pytest.raises(KeyError, match="c"):
        stash["c"]


def test_limit_can_be_changed() -> None:
    stash = KeyLimitStash(DictionaryStash(DATA), limit=0)
    assert dict(stash) == {}
    stash.limit = 3
    assert dict(stash) == DATA


def test_iterating_lists_the_keys_once() -> None:
    @dataclass
    class Counting(DictionaryStash[Any]):
        listed: int = field(default=0, kw_only=True)

        def keys(self) -> Iterable[str]:
            self.listed += 1
            return iter(super().keys())

    counting = Counting(DATA)
    assert len(list(KeyLimitStash(counting, limit=2).values())) == 2
    assert counting.listed == 1


def test_deleting_while_iterating() -> None:
    stash = KeyLimitStash(DictionaryStash(dict(DATA)), limit=2)
    for key in stash.keys():
        del stash[key]
    assert dict(stash) == {"c": 3}


def test_pickles() -> None:
    stash = KeyLimitStash(DictionaryStash(DATA), limit=2)
    assert pickle.loads(pickle.dumps(stash)) == stash
    assert KeyLimitStash.ATTR_EXP_META == ("limit",)

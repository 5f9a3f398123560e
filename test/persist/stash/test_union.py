from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from zensols.persist.domain import FactoryStash, Reach, ReadOnlyStash
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash, UnionStash


def make(*data: dict[str, Any]) -> UnionStash[Any]:
    return UnionStash(tuple(map(DictionaryStash, data)))


def test_has_what_any_has() -> None:
    stash = make({"a": 1}, {}, {"b": 2, "c": 3})
    assert list(stash) == [("a", 1), ("b", 2), ("c", 3)]
    assert list(stash.values()) == [1, 2, 3]
    assert stash.load("c") == stash["c"] == 3
    assert "b" in stash
    assert "d" not in stash
    assert stash.keys() == {"a", "b", "c"}
    assert len(stash) == 3


def test_f_each_key_is_listed_once() -> None:
    stash = make({"a": 1, "b": 1}, {"c": 2, "b": 2})
    assert list(stash.keys()) == ["a", "b", "c"]
    assert list(stash.values()) == [1, 1, 2]
    assert len(stash) == 3


def test_first_stash_wins() -> None:
    stash = make({"a": 1}, {"a": 2})
    assert stash["a"] == stash.load("a") == stash.get("a") == 1


def test_f_get_honours_its_default() -> None:
    stash = make({"a": 1}, {})
    assert stash.get("b", 9) == 9
    assert stash.get("b") is None
    assert stash.load("b") is None
    with pytest.raises(KeyError, match="b"):
        stash["b"]


def test_f_stored_none_counts() -> None:
    stash = make({"a": None}, {"a": 2})
    assert stash["a"] is stash.load("a") is stash.get("a", 9) is None
    assert dict(stash) == {"a": None}


def test_is_read_only() -> None:
    stash = make({"a": 1})
    stash["a"] = 2
    stash.clear()
    stash.delete("a")
    assert dict(stash) == {"a": 1}
    stash.strict = True
    with pytest.raises(PersistableError, match="UnionStash is read-only"):
        stash.clear()
    assert isinstance(stash, ReadOnlyStash)


def test_of_nothing() -> None:
    stash = make()
    assert dict(stash) == {}
    assert stash.get("a", MISSING) is MISSING


def test_does_not_load_ahead() -> None:
    class Squares(ReadOnlyStash[int]):
        def load(self, name: str) -> int:
            return int(name) ** 2

        def exists(self, name: str) -> bool:
            return name.isdigit()

        def keys(self) -> Iterator[str]:
            return map(str, range(100))

    made = DictionaryStash[int]()
    values = UnionStash([FactoryStash(made, Squares()), make({"a": -1})]).values()
    assert [next(values) for _ in range(3)] == [0, 1, 4]
    assert len(made) == 3


def test_members_can_change() -> None:
    members = [DictionaryStash({"a": 1})]
    stash = UnionStash(members)
    members.append(DictionaryStash({"b": 2}))
    members[0]["c"] = 3
    assert dict(stash) == {"a": 1, "c": 3, "b": 2}


def test_pickles() -> None:
    stash = make({"a": 1}, {"b": 2})
    assert pickle.loads(pickle.dumps(stash)) == stash


class OfMachine(DictionaryStash[Any]):
    reach = Reach.MACHINE


class OfNetwork(DictionaryStash[Any]):
    reach = Reach.NETWORK


def test_reach_is_the_least() -> None:
    assert UnionStash((OfNetwork(), OfMachine())).reach is Reach.MACHINE
    assert UnionStash((OfNetwork(),)).reach is Reach.NETWORK
    assert UnionStash((OfNetwork(), DictionaryStash())).reach is Reach.PROCESS
    assert UnionStash[Any](()).reach is Reach.PROCESS

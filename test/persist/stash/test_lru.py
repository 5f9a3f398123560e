from __future__ import annotations

import copy
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.error import PersistableError
from zensols.persist.stash import CacheStash, DictionaryStash, LRUCacheStash


def make(size: int, *keys: str) -> LRUCacheStash[Any]:
    stash: LRUCacheStash[Any] = LRUCacheStash(size)
    for key in keys:
        stash[key] = key
    return stash


def test_drops_the_least_recently_stored() -> None:
    stash = make(2, "a", "b", "c")
    assert list(stash.keys()) == ["b", "c"]
    assert len(stash) == 2
    stash["b"] = "again"
    stash["d"] = "d"
    assert list(stash.keys()) == ["b", "d"]
    assert isinstance(stash.data, OrderedDict)
    assert isinstance(stash, DictionaryStash)


@pytest.mark.parametrize(
    "use",
    [
        lambda stash: stash.load("a"),
        lambda stash: stash.get("a"),
        lambda stash: stash["a"],
    ],
)
def test_f_every_way_to_load_is_a_use(use: Callable[[Any], Any]) -> None:
    stash = make(2, "a", "b")
    assert use(stash) == "a"
    stash["c"] = "c"
    assert list(stash.keys()) == ["a", "c"]


@pytest.mark.parametrize(
    "look",
    [
        lambda stash: list(stash),
        lambda stash: list(stash.items()),
        lambda stash: list(stash.values()),
        lambda stash: list(stash.keys()),
        lambda stash: stash.exists("a"),
        lambda stash: "a" in stash,
        lambda stash: stash.load("absent"),
        lambda stash: dict(stash),
    ],
)
def test_looking_around_is_no_use(look: Callable[[Any], Any]) -> None:
    stash = make(2, "a", "b")
    look(stash)
    stash["c"] = "c"
    assert list(stash.keys()) == ["b", "c"]


def test_keys_are_a_snapshot() -> None:
    stash = make(3, "a", "b", "c")
    keys = stash.keys()
    for key in keys:
        assert stash[key] == key
    for key in keys:
        stash[key.upper()] = key
    assert keys == {"a", "b", "c"}
    assert len(keys) == 3
    assert list(stash.keys()) == ["A", "B", "C"]


def test_deleting_while_iterating() -> None:
    stash = make(3, "a", "b", "c")
    seen = []
    for key, _ in stash:
        seen.append(key)
        stash.delete("b")
        del stash[key]
    assert seen == ["a", "c"]
    assert len(stash) == 0


def test_none_is_a_value() -> None:
    stash = make(2)
    stash["a"] = None
    assert stash["a"] is stash.load("a") is stash.get("a", 9) is None
    assert list(stash) == [("a", None)]
    assert stash.get("b", 9) == 9
    with pytest.raises(KeyError, match="b"):
        stash["b"]


def test_delete_and_clear() -> None:
    stash = make(3, "a", "b")
    stash.delete("a")
    stash.delete("a")
    assert list(stash.keys()) == ["b"]
    with pytest.raises(PersistableError, match="needs a key"):
        stash.delete()
    stash.clear()
    assert len(stash) == 0


def test_size_can_be_changed() -> None:
    stash = make(3, "a", "b", "c")
    stash.maxsize = 1
    stash["d"] = "d"
    assert list(stash.keys()) == ["d"]


@pytest.mark.parametrize("size", [0, -1])
def test_size_must_be_positive(size: int) -> None:
    with pytest.raises(PersistableError, match=f"must be positive: {size}"):
        LRUCacheStash(size)


def test_size_is_the_only_argument() -> None:
    assert LRUCacheStash(maxsize=3).maxsize == 3
    with pytest.raises(TypeError):
        LRUCacheStash(3, {})


@given(
    st.integers(min_value=1, max_value=4),
    st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef"))),
)
def test_keeps_what_was_used_last(size: int, uses: list[tuple[bool, str]]) -> None:
    stash: LRUCacheStash[int] = LRUCacheStash(size)
    model: list[str] = []
    for is_dump, key in uses:
        if is_dump:
            stash[key] = 1
        else:
            assert (stash.load(key) == 1) == (key in model)
        if is_dump or key in model:
            model = [*(k for k in model if k != key), key][-size:]
        assert list(stash.keys()) == model


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_pickles_and_copies(duplicate: Callable[[Any], Any]) -> None:
    stash = make(2, "a", "b")
    other = duplicate(stash)
    assert other == stash
    assert other["a"] == "a"
    other["c"] = "c"
    assert list(other.keys()) == ["a", "c"]
    assert list(stash.keys()) == ["a", "b"]


def test_threads() -> None:
    stash = make(50)
    start = threading.Barrier(8)
    errors: list[BaseException] = []

    def churn(seed: int) -> None:
        start.wait()
        try:
            for i in range(2000):
                key = str((seed * 31 + i * 7) % 80)
                stash[key] = key
                assert stash.get(key, key) == key
                if i % 100 == 0:
                    assert all(k == v for k, v in stash)
                    stash.delete(key)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=churn, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert 0 < len(stash) <= 50


def test_in_front_of_a_stash() -> None:
    slow = DictionaryStash({str(i): i for i in range(5)})
    stash = CacheStash(slow, LRUCacheStash(2))
    assert dict(stash) == dict(slow)
    assert list(stash.cache_stash.keys()) == ["3", "4"]

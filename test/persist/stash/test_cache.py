from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from zensols.persist.domain import (
    FactoryStash,
    NoopStash,
    ReadOnlyDelegateStash,
    ReadOnlyStash,
)
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash import (
    CacheStash,
    DictionaryStash,
    DirectoryStash,
    LRUCacheStash,
)


@dataclass
class Recording(DictionaryStash[Any]):
    loaded: list[str] = field(default_factory=list, kw_only=True)

    def load(self, name: str) -> Any:
        self.loaded.append(name)
        return super().load(name)


def make(**data: Any) -> tuple[Recording, CacheStash[Any]]:
    delegate = Recording(data)
    return delegate, CacheStash(delegate)


def test_loads_each_value_once() -> None:
    delegate, stash = make(a=1)
    assert [stash.load("a"), stash["a"], stash.get("a"), stash.get("a", 9)] == [1] * 4
    assert dict(stash) == {"a": 1}
    assert delegate.loaded == ["a"]
    assert dict(stash.cache_stash) == {"a": 1}


def test_keys_are_those_of_the_delegate() -> None:
    delegate, stash = make(a=1, b=2)
    stash.load("a")
    assert stash.keys() == {"a", "b"}
    assert len(stash) == 2
    assert "b" in stash
    stash.cache_stash["c"] = 3
    assert "c" not in stash
    assert delegate.loaded == ["a"]


def test_f_dump_refreshes_both() -> None:
    delegate, stash = make(a=1)
    assert stash["a"] == 1
    stash["a"] = 2
    assert delegate["a"] == 2
    assert stash["a"] == 2
    stash["b"] = 3
    assert stash["b"] == 3
    assert delegate.loaded == ["a"]


def test_f_a_miss_is_not_cached() -> None:
    delegate, stash = make()
    assert stash.load("a") is None
    assert stash.get("a", 9) == 9
    assert stash.get("a", MISSING) is MISSING
    with pytest.raises(KeyError, match="a"):
        stash["a"]
    delegate["a"] = 1
    assert stash["a"] == 1


def test_none_is_cached() -> None:
    delegate, stash = make(a=None)
    assert [stash.load("a"), stash["a"], stash.get("a", 9)] == [None] * 3
    assert dict(stash) == {"a": None}
    assert delegate.loaded == ["a"]


def test_delete_and_clear_act_on_both() -> None:
    delegate, stash = make(a=1, b=2)
    assert dict(stash) == {"a": 1, "b": 2}
    stash.delete("a")
    assert stash.load("a") is None
    assert dict(delegate) == dict(stash.cache_stash) == {"b": 2}
    stash.delete("a")
    stash.clear()
    assert dict(delegate) == dict(stash.cache_stash) == {}
    with pytest.raises(PersistableError, match="needs a key"):
        stash.delete()


def test_read_only_delegate_is_spared() -> None:
    delegate = ReadOnlyDelegateStash(DictionaryStash({"a": 1, "b": 2}))
    delegate.strict = True
    stash = CacheStash(delegate)
    assert dict(stash) == {"a": 1, "b": 2}
    stash.delete("a")
    assert dict(stash.cache_stash) == {"b": 2}
    stash.clear()
    assert dict(stash.cache_stash) == {}
    assert dict(stash) == {"a": 1, "b": 2}
    with pytest.raises(PersistableError, match="read-only"):
        stash["a"] = 9
    assert stash["a"] == 1


def test_what_a_read_only_delegate_ignores_is_not_cached() -> None:
    delegate = ReadOnlyDelegateStash(DictionaryStash({"a": 1}))
    stash = CacheStash(delegate)
    stash["a"], stash["b"] = 9, 9
    assert stash["a"] == 1
    assert stash.load("b") is None


def test_failed_write_is_not_cached() -> None:
    class Full(Recording):
        def dump(self, name: str, inst: Any) -> None:
            raise OSError("disk full")

        def delete(self, name: str | None = None) -> None:
            raise OSError("broken")

    delegate = Full({"a": 1})
    stash = CacheStash(delegate)
    assert stash["a"] == 1
    with pytest.raises(OSError, match="disk full"):
        stash["a"] = 2
    assert stash["a"] == 1
    with pytest.raises(OSError, match="broken"):
        stash.delete("a")
    assert stash["a"] == 1
    assert delegate.loaded == ["a", "a", "a"]


def test_failed_load_is_not_cached() -> None:
    class Failing(Recording):
        def load(self, name: str) -> Any:
            super().load(name)
            if len(self.loaded) == 1:
                raise ValueError("not yet")
            return 1

    delegate = Failing({"a": 1})
    stash = CacheStash(delegate)
    with pytest.raises(ValueError, match="not yet"):
        stash["a"]
    assert stash["a"] == stash["a"] == 1
    assert len(delegate.loaded) == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda stash: stash.dump("a", "new"), "new"),
        (lambda stash: stash.delete("a"), None),
        (lambda stash: stash.clear(), None),
    ],
)
def test_value_loaded_while_it_changes_is_not_cached(
    change: Callable[[Any], None], expected: Any
) -> None:
    loaded, changed = threading.Event(), threading.Event()

    class Slow(DictionaryStash[Any]):
        def load(self, name: str) -> Any:
            value = super().load(name)
            if not changed.is_set():
                loaded.set()
                changed.wait(60)
            return value

    stash = CacheStash(Slow({"a": "old"}))
    found = []
    reader = threading.Thread(target=lambda: found.append(stash.load("a")))
    reader.start()
    assert loaded.wait(60)
    change(stash)
    changed.set()
    reader.join()
    assert found == ["old"]
    assert stash.load("a") == expected


def test_threads_that_store_one_key_leave_the_stashes_equal() -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Slow(DictionaryStash[Any]):
        def dump(self, name: str, inst: Any) -> None:
            super().dump(name, inst)
            if inst == "first":
                inside.set()
                go_on.wait(60)

    stash = CacheStash(Slow())
    first = threading.Thread(target=stash.dump, args=("a", "first"))
    first.start()
    assert inside.wait(60)
    stash["a"] = "second"
    go_on.set()
    first.join()
    assert stash["a"] == stash.delegate["a"] == "second"


def test_threads_never_read_what_is_older_than_they_wrote(tmp_path: Path) -> None:
    stash = CacheStash(DirectoryStash(tmp_path / "data"), LRUCacheStash(3))
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def churn(own: str) -> None:
        start.wait()
        try:
            for i in range(100):
                stash[own] = i
                for other in "abcd":
                    stash.load(other)
                assert stash[own] == i
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=churn, args=(key,)) for key in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


class CacheMachine(RuleBasedStateMachine):
    """A cached stash does as a dictionary does."""

    keys = st.sampled_from("abcd")

    def __init__(self) -> None:
        super().__init__()
        self.stash = CacheStash(DictionaryStash[Any](), LRUCacheStash(2))
        self.model: dict[str, Any] = {}

    @rule(key=keys, value=st.one_of(st.none(), st.integers()))
    def dump(self, key: str, value: Any) -> None:
        self.stash[key] = self.model[key] = value

    @rule(key=keys)
    def delete(self, key: str) -> None:
        self.stash.delete(key)
        self.model.pop(key, None)

    @rule()
    def clear(self) -> None:
        self.stash.clear()
        self.model.clear()

    @rule(key=keys)
    def read(self, key: str) -> None:
        assert self.stash.load(key) == self.model.get(key)
        assert self.stash.get(key, "none") == self.model.get(key, "none")
        assert (key in self.stash) == (key in self.model)

    @invariant()
    def cache_agrees(self) -> None:
        assert self.model.items() >= dict(self.stash.cache_stash).items()
        assert dict(self.stash) == self.model


TestCacheMachine = CacheMachine.TestCase


def test_caching_can_be_switched_off() -> None:
    delegate = Recording({"a": 1})
    stash = CacheStash(delegate, NoopStash())
    assert stash["a"] == stash["a"] == 1
    assert delegate.loaded == ["a", "a"]


def test_in_front_of_a_factory() -> None:
    class Squares(ReadOnlyStash[int]):
        def load(self, name: str) -> int:
            return int(name) ** 2

        def keys(self) -> Any:
            return map(str, range(5))

    stash = CacheStash(FactoryStash(DictionaryStash(), Squares()))
    assert stash["3"] == 9
    assert len(stash) == 5
    assert dict(stash.cache_stash) == {"3": 9}


def test_close_closes_both() -> None:
    class Closing(DictionaryStash[Any]):
        closed = False

        def close(self) -> None:
            self.closed = True

    stash = CacheStash(Closing(), Closing())
    stash.close()
    assert stash.delegate.closed
    assert stash.cache_stash.closed
    CacheStash(DictionaryStash()).close()


def test_each_has_a_cache_of_its_own() -> None:
    first, second = CacheStash(DictionaryStash()), CacheStash(DictionaryStash())
    first["a"] = 1
    assert len(second.cache_stash) == 0


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
@pytest.mark.parametrize("delegate_attr", [True, False])
def test_pickles_and_copies(
    duplicate: Callable[[Any], Any], delegate_attr: bool
) -> None:
    _, stash = make(a=1)
    stash.delegate_attr = delegate_attr
    assert stash["a"] == 1
    other = duplicate(stash)
    assert other == stash
    other["a"] = 2
    assert other["a"] == 2
    assert hasattr(other, "loaded") is delegate_attr


class Batching(DictionaryStash[Any]):
    """Notes what it is asked for many of, and refuses to do it one by one."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.calls: list[list[Any]] = []

    def load_many(self, names: Any) -> Any:
        names = list(names)
        self.calls.append(names)
        return ((name, self.data[name]) for name in names if name in self.data)

    def dump_many(self, items: Any) -> None:
        items = list(items)
        self.calls.append(items)
        self.data.update(items)
        if any(value == "refused" for _, value in items):
            raise ZeroDivisionError

    def delete_many(self, names: Any) -> None:
        names = list(names)
        self.calls.append(names)
        for name in names:
            self.data.pop(name, None)

    def load(self, name: str) -> Any:
        raise AssertionError

    dump = get = delete = load  # type: ignore[assignment]


def test_many_are_loaded_once() -> None:
    slow = Batching({"a": 1, "b": None, "c": 3})
    stash = CacheStash(slow)
    for _ in range(2):
        found = list(stash.load_many(["c", "x", "a", "c", "b"]))
        assert found == [("c", 3), ("a", 1), ("c", 3), ("b", None)]
    # What is absent may have been stored since.
    assert slow.calls == [["c", "x", "a", "b"], ["x"]]
    assert dict(stash.cache_stash) == {"a": 1, "b": None, "c": 3}


def test_many_are_stored_and_deleted_at_once() -> None:
    slow = Batching()
    stash = CacheStash(slow)
    stash.dump_many(iter([("a", 1), ("b", 2), ("a", 3)]))
    assert slow.data == dict(stash.cache_stash) == {"a": 3, "b": 2}
    stash.delete_many(iter(["a", "a", "x"]))
    assert slow.data == dict(stash.cache_stash) == {"b": 2}
    assert slow.calls == [[("a", 1), ("b", 2), ("a", 3)], ["a", "x"]]


def test_many_that_fail_are_not_cached() -> None:
    slow = Batching({"a": 0})
    stash = CacheStash(slow, DictionaryStash({"a": 0, "b": 0}))
    with pytest.raises(ZeroDivisionError):
        stash.dump_many([("a", 1), ("b", "refused")])
    assert dict(stash.cache_stash) == {}


def test_many_of_a_read_only_stash() -> None:
    slow = ReadOnlyDelegateStash(DictionaryStash({"a": 1}))
    stash = CacheStash(slow)
    assert list(stash.load_many("ab")) == [("a", 1)]
    stash.dump_many([("a", 2)])
    assert dict(stash.cache_stash) == {}
    assert list(stash.load_many("a")) == [("a", 1)]
    stash.delete_many("a")
    assert dict(stash.cache_stash) == {}


def test_overridden_method_is_used_for_many() -> None:
    class Doubling(CacheStash[int]):
        def get(self, name: str, default: Any = None) -> Any:
            return 2 * super().get(name, default)

        def dump(self, name: str, inst: int) -> None:
            super().dump(name, inst + 1)

        def delete(self, name: str | None = None) -> None:
            """Keep it."""

    stash = Doubling(DictionaryStash())
    stash.dump_many([("a", 1)])
    stash.delete_many(["a"])
    assert list(stash.load_many(["a"])) == [("a", 4)]

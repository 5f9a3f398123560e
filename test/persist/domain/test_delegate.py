from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from zensols.persist.annotation import persisted
from zensols.persist.domain import (
    CloseableStash,
    DelegateDefaults,
    DelegateStash,
    Reach,
    ReadOnlyDelegateStash,
    ReadOnlyStash,
)
from zensols.persist.error import PersistableError
from zensols.persist.stash import DictionaryStash


class Tagged(DictionaryStash[Any]):
    tag = "inner"
    closed = False

    def close(self) -> None:
        self.closed = True


class NotAStash:
    """Has all that a stash has but its base."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}

    def load(self, name: str) -> Any:
        return self.data.get(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self.data.get(name, default)

    def exists(self, name: str) -> bool:
        return name in self.data

    def dump(self, name: str, inst: Any) -> None:
        self.data[name] = inst

    def keys(self) -> Any:
        return self.data.keys()


def attributed(delegate: Any) -> DelegateStash[Any]:
    stash = DelegateStash(delegate)
    stash.delegate_attr = True
    return stash


@pytest.fixture
def checked() -> Iterator[None]:
    DelegateDefaults.CLASS_CHECK = True
    try:
        yield
    finally:
        DelegateDefaults.CLASS_CHECK = False


def test_forwards() -> None:
    inner = Tagged({"a": 1, "b": None})
    stash = DelegateStash(inner)
    assert isinstance(stash, CloseableStash)
    assert stash.load("a") == stash.get("a") == stash["a"] == 1
    assert stash.get("b", 9) is None
    assert stash.get("c", 9) == 9
    assert stash.exists("b")
    assert "c" not in stash
    assert stash.keys() == {"a", "b"}
    assert len(stash.keys()) == len(stash) == 2
    stash["c"] = 3
    assert inner["c"] == 3
    stash.delete("a")
    assert "a" not in inner
    stash.clear()
    assert dict(inner) == {}
    stash.close()
    assert inner.closed


def test_outer_keys_and_get_decide_what_is_iterated() -> None:
    class Upper(DelegateStash[Any]):
        def keys(self) -> Iterator[str]:
            return map(str.upper, self.delegate.keys())

        def get(self, name: str, default: Any = None) -> Any:
            return super().get(name.lower(), default)

    stash = Upper(DictionaryStash({"a": 1}))
    assert dict(stash) == {"A": 1}
    assert list(stash.values()) == [1]
    assert stash["A"] == 1


def test_no_delegate_is_an_error() -> None:
    with pytest.raises(PersistableError, match="Delegate of DelegateStash is not set"):
        DelegateStash(None)


def test_delegate_that_is_no_stash_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        stash = DelegateStash(NotAStash())
    assert "not a stash but a NotAStash" in caplog.text
    stash["a"] = 1
    assert dict(stash) == {"a": 1}
    with stash.lock("a"), stash.lock("a", timeout=0):
        pass


@pytest.mark.usefixtures("checked")
def test_delegate_that_is_no_stash_is_an_error_if_checked() -> None:
    with pytest.raises(PersistableError, match="not a stash but a NotAStash"):
        DelegateStash(NotAStash())


def test_f_close_of_a_delegate_without_close() -> None:
    DelegateStash(DictionaryStash()).close()


def test_f_delete_needs_a_key() -> None:
    stash = DelegateStash(DictionaryStash({"a": 1}))
    with pytest.raises(PersistableError, match=r"DelegateStash\.delete\(\) needs a"):
        stash.delete()
    assert dict(stash) == {"a": 1}


def test_attributes_of_the_delegate_on_request() -> None:
    assert attributed(Tagged()).tag == "inner"
    with pytest.raises(AttributeError, match="object has no attribute 'tag'"):
        _ = DelegateStash(Tagged()).tag
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = attributed(Tagged()).colour
    assert attributed(attributed(Tagged())).tag == "inner"


def test_attributes_of_the_delegate_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DelegateDefaults, "DELEGATE_ATTR", True)
    assert DelegateStash(Tagged()).tag == "inner"


def test_f_property_that_raises_attribute_error_runs_once() -> None:
    runs = []

    class Broken(DelegateStash[Any]):
        delegate_attr = True

        @property
        def tag(self) -> str:
            runs.append(1)
            raise AttributeError("inside")

    with pytest.raises(AttributeError):
        _ = Broken(Tagged()).tag
    assert len(runs) == 1


@pytest.mark.parametrize("first", ["inner", "outer"])
def test_f_works_of_the_delegate_are_its_own(first: str) -> None:
    @dataclass
    class Sized(DelegateStash[Any]):
        delegate_attr = True

        @property
        @persisted("_size")
        def size(self) -> int:
            return id(self)

    inner = Sized(DictionaryStash())
    outer = Sized(inner)
    for stash in (inner, outer) if first == "inner" else (outer, inner):
        assert stash.size == stash.size == id(stash)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
@pytest.mark.parametrize("depth", [1, 3])
def test_pickles_and_copies_with_attributes_of_the_delegate(
    duplicate: Callable[[Any], Any], depth: int
) -> None:
    stash: Any = Tagged({"a": 1})
    for _ in range(depth):
        stash = attributed(stash)
    other = duplicate(stash)
    assert other == stash
    assert other is not stash
    assert other.tag == "inner"
    assert dict(other) == {"a": 1}


def test_attributes_before_construction() -> None:
    stash = DelegateStash.__new__(DelegateStash)
    stash.delegate_attr = True
    assert not hasattr(stash, "delegate")
    assert not hasattr(stash, "tag")


def test_clients_add_required_fields() -> None:
    @dataclass
    class Named(DelegateStash[Any]):
        title: str
        size: int = 3

        def __post_init__(self) -> None:
            super().__post_init__()
            self.label = f"{self.title}-{self.size}"

    stash = Named(DictionaryStash(), "t")
    assert stash.label == "t-3"
    assert "title='t'" in repr(stash)
    assert stash == Named(DictionaryStash(), "t")
    assert stash != Named(DictionaryStash(), "u")
    with pytest.raises(TypeError, match="unhashable"):
        hash(stash)


def test_lock_is_the_delegates() -> None:
    class Locking(DictionaryStash[Any]):
        def lock(self, key: str, timeout: float | None = None) -> Any:
            return (key, timeout)

    assert DelegateStash(DelegateStash(Locking())).lock("a", 2) == ("a", 2)


def test_read_only_delegate() -> None:
    inner = DictionaryStash({"a": 1})
    stash = ReadOnlyDelegateStash(inner)
    assert isinstance(stash, DelegateStash)
    assert isinstance(stash, ReadOnlyStash)
    stash["a"] = 2
    stash.delete("a")
    del stash["a"]
    stash.clear()
    assert dict(stash) == dict(inner) == {"a": 1}
    stash.strict = True
    for write in (lambda: stash.dump("a", 2), lambda: stash.delete("a"), stash.clear):
        with pytest.raises(PersistableError, match="ReadOnlyDelegateStash is read-"):
            write()
    assert dict(inner) == {"a": 1}
    with pytest.raises(PersistableError, match="not set"):
        ReadOnlyDelegateStash(None)


class Batching(DictionaryStash[Any]):
    """Notes what it is asked for many of."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.calls: list[tuple[str, list[Any]]] = []

    def load_many(self, names: Any) -> Any:
        names = list(names)
        self.calls.append(("load", names))
        return super().load_many(names)

    def dump_many(self, items: Any) -> None:
        items = list(items)
        self.calls.append(("dump", items))
        super().dump_many(items)

    def delete_many(self, names: Any) -> None:
        names = list(names)
        self.calls.append(("delete", names))
        super().delete_many(names)


def use_many(stash: Any) -> list[Any]:
    stash.dump_many(iter([("a", 1), ("b", 2)]))
    found = list(stash.load_many(["b", "c", "a"]))
    stash.delete_many(["a"])
    return found


def test_many_are_left_to_the_delegate() -> None:
    inner = Batching()
    assert use_many(DelegateStash(DelegateStash(inner))) == [("b", 2), ("a", 1)]
    assert inner.calls == [
        ("dump", [("a", 1), ("b", 2)]),
        ("load", ["b", "c", "a"]),
        ("delete", ["a"]),
    ]
    assert inner.data == {"b": 2}


def test_items_are_loaded_at_once() -> None:
    inner = Batching({"a": 1, "b": 2})
    assert dict(DelegateStash(inner).items()) == {"a": 1, "b": 2}
    assert inner.calls == [("load", ["a", "b"])]


@pytest.mark.parametrize("method", ["load", "get", "dump", "delete"])
def test_overridden_method_is_used_for_many(method: str) -> None:
    used = []

    def override(self: Any, name: str, *args: Any) -> Any:
        used.append(name)
        return getattr(DelegateStash, method)(self, name, *args)

    inner = Batching()
    outer = type("Outer", (DelegateStash,), {method: override})(inner)
    assert use_many(outer) == [("b", 2), ("a", 1)]
    kind = "load" if method == "get" else method
    assert kind not in dict(inner.calls)
    assert len(inner.calls) == 2
    # Loading is up to get().
    expected = {"load": [], "get": ["b", "c", "a"], "dump": ["a", "b"], "delete": ["a"]}
    assert used == expected[method]


def test_read_only_writes_none_of_many() -> None:
    inner = Batching({"b": 2})
    assert use_many(ReadOnlyDelegateStash(inner)) == [("b", 2)]
    assert (inner.data, inner.calls) == ({"b": 2}, [("load", ["b", "c", "a"])])


def test_many_of_what_is_no_stash() -> None:
    inner = NotAStash()
    stash = DelegateStash(inner)  # type: ignore[arg-type]
    stash.dump_many([("a", 1), ("b", 2)])
    assert list(stash.load_many(["b", "c"])) == [("b", 2)]
    assert dict(stash.items()) == {"a": 1, "b": 2}


class OfMachine(DictionaryStash[Any]):
    reach = Reach.MACHINE


def test_reach_is_the_delegate_s() -> None:
    stash = DelegateStash(DelegateStash(OfMachine()))
    assert stash.reach is Reach.MACHINE
    assert ReadOnlyDelegateStash(stash).reach is Reach.MACHINE
    assert DelegateStash(DictionaryStash()).reach is Reach.PROCESS


def test_beside_is_the_delegate_s() -> None:
    inner = DictionaryStash[Any]()
    stash = DelegateStash(DelegateStash(inner))
    assert stash.beside("notes") is inner.beside("notes")
    with pytest.raises(PersistableError, match="'Notes' of a stash beside a Delegate"):
        stash.beside("Notes")


def test_reach_of_what_is_no_stash(caplog: pytest.LogCaptureFixture) -> None:
    stash = DelegateStash[Any](NotAStash())  # type: ignore[arg-type]
    assert stash.reach is Reach.PROCESS
    assert stash.beside("notes") is None

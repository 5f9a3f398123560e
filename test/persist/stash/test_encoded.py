from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import BarePickleCodec, JsonCodec
from zensols.persist.error import PersistableError, UntrustedDataError
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash, EncodedStash


def test_keeps_bytes() -> None:
    store: DictionaryStash[bytes] = DictionaryStash()
    stash: EncodedStash[Any] = EncodedStash(store)
    stash["a"], stash["b"] = {1, 2}, None
    assert dict(stash) == {"a": {1, 2}, "b": None}
    assert stash.load("a") == stash.get("a") == {1, 2}
    assert stash["b"] is stash.get("b", 9) is stash.load("b") is None
    assert {type(data) for data in store.values()} == {bytes}
    assert stash.keys() == {"a", "b"}
    stash["a"] = 3
    assert stash["a"] == 3


def test_absent_key() -> None:
    stash: EncodedStash[Any] = EncodedStash(DictionaryStash())
    assert stash.load("a") is None
    assert stash.get("a", MISSING) is MISSING
    with pytest.raises(KeyError, match="a"):
        stash["a"]


def test_delete_and_clear() -> None:
    stash: EncodedStash[Any] = EncodedStash(DictionaryStash())
    stash["a"], stash["b"] = 1, 2
    stash.delete("a")
    stash.delete("a")
    assert dict(stash) == {"b": 2}
    with pytest.raises(PersistableError, match="needs a key"):
        stash.delete()
    stash.clear()
    assert len(stash.delegate) == 0


def test_int_keys() -> None:
    stash: EncodedStash[Any] = EncodedStash(DictionaryStash())
    stash[1] = "one"
    assert stash[1] == "one"
    assert dict(stash) == {1: "one"}


def test_swapped_entries_are_refused() -> None:
    store: DictionaryStash[bytes] = DictionaryStash()
    stash: EncodedStash[Any] = EncodedStash(store)
    stash["a"], stash["b"] = 1, 2
    store["a"], store["b"] = store["b"], store["a"]
    for key in ("a", "b"):
        with pytest.raises(UntrustedDataError, match=rf"DictionaryStash\['{key}'\]"):
            stash[key]


def test_hostile_pickle_does_not_run(tmp_path: Path) -> None:
    victim = tmp_path / "victim"

    class Hostile:
        def __reduce__(self) -> Any:
            return Path.touch, (victim,)

    stash: EncodedStash[Any] = EncodedStash(
        DictionaryStash({"a": pickle.dumps(Hostile())})
    )
    with pytest.raises(UntrustedDataError, match=r"DictionaryStash\['a'\]"):
        stash.load("a")
    assert not victim.exists()


@pytest.mark.parametrize("data", ["text", 3, None])
def test_what_is_not_bytes_is_named(data: Any) -> None:
    stash: EncodedStash[Any] = EncodedStash(DictionaryStash({"a": data}))
    for read in (stash.load, stash.get, stash.__getitem__):
        with pytest.raises(PersistableError, match=r"DictionaryStash\['a'\] is not by"):
            read("a")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_store_may_return_any_buffer(kind: Any) -> None:
    store: DictionaryStash[Any] = DictionaryStash()
    stash: EncodedStash[Any] = EncodedStash(store)
    stash["a"] = [1, 2]
    store["a"] = kind(store["a"])
    assert stash["a"] == [1, 2]


def test_value_that_can_not_be_encoded_leaves_the_old_one() -> None:
    stash: EncodedStash[Any] = EncodedStash(DictionaryStash())
    stash["a"] = 1
    with pytest.raises(PersistableError, match=r"value\['x'\]"):
        stash["a"] = {"x": (i for i in range(3))}
    assert stash["a"] == 1


@pytest.mark.parametrize("codec", [JsonCodec(), BarePickleCodec(trust="any")])
def test_other_codecs(codec: Any) -> None:
    stash: EncodedStash[Any] = EncodedStash(DictionaryStash(), codec)
    stash["a"] = {"x": [1, None]}
    assert stash["a"] == {"x": [1, None]}


def test_bare_pickles_are_readable_by_others() -> None:
    stash: EncodedStash[Any] = EncodedStash(
        DictionaryStash(), codec=BarePickleCodec(trust="any")
    )
    stash["a"] = {1: 2}
    assert pickle.loads(stash.delegate["a"]) == {1: 2}


def test_does_not_load_ahead() -> None:
    decoded = []

    class Recording(JsonCodec):
        def decode(self, data: Any, key: str | None = None, *, source: str = "") -> Any:
            decoded.append(key)
            return super().decode(data, key, source=source)

    stash: EncodedStash[Any] = EncodedStash(DictionaryStash(), Recording())
    for key in "abc":
        stash[key] = key
    values = stash.values()
    assert next(values) == "a"
    assert decoded == ["a"]


def test_pickles() -> None:
    stash: EncodedStash[Any] = EncodedStash(DictionaryStash())
    stash["a"] = 1
    other = pickle.loads(pickle.dumps(stash))
    assert other == stash
    assert other["a"] == 1


class Batching(DictionaryStash[Any]):
    """Does many at once only."""

    def load_many(self, names: Any) -> Any:
        return ((name, self.data[name]) for name in names if name in self.data)

    def dump_many(self, items: Any) -> None:
        self.data.update(items)

    def load(self, name: str) -> Any:
        raise AssertionError

    dump = get = load  # type: ignore[assignment]


def test_many_are_left_to_the_delegate() -> None:
    data = Batching()
    stash = EncodedStash[Any](data)
    stash.dump_many(iter([("a", 1), ("b", None)]))
    assert list(stash.load_many(["b", "c", "a"])) == [("b", None), ("a", 1)]
    other = EncodedStash[Any](Batching())
    other.dump_entries(stash.load_entries(["a", "c", "b"]))
    assert other.delegate == data
    data.data["c"] = "text"
    for load in stash.load_many, stash.load_entries:
        with pytest.raises(PersistableError, match="is not bytes but a str"):
            list(load(["c"]))


def test_overridden_method_is_used_for_many() -> None:
    class Doubling(EncodedStash[int]):
        def get(self, name: str, default: Any = None) -> Any:
            return 2 * super().get(name, default)

        def dump(self, name: str, inst: int) -> None:
            super().dump(name, inst + 1)

        def load_entry(self, name: str) -> bytes | None:
            return name.encode()

        def dump_entry(self, name: str, entry: bytes) -> None:
            """Drop it."""

    stash = Doubling(DictionaryStash())
    stash.dump_many([("a", 1)])
    stash.dump_entries([("b", b"")])
    assert list(stash.load_many(["a"])) == [("a", 4)]
    assert list(stash.load_entries(["b"])) == [("b", b"b")]
    assert list(stash.keys()) == ["a"]

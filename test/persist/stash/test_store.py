from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols.persist.codec import JsonCodec
from zensols.persist.domain import require_key
from zensols.persist.error import CorruptDataError, UntrustedDataError
from zensols.persist.missing import MISSING
from zensols.persist.stash.store import StoreStash
from zensols.persist.testing import StashContract


@dataclass
class Minimal(StoreStash[Any]):
    """What a store has to implement at least."""

    data: dict[str, bytes] = field(default_factory=dict)

    def load_entry(self, name: str) -> bytes | None:
        return self.data.get(name)

    def dump_entry(self, name: str, entry: bytes) -> None:
        self.data[name] = entry

    def exists(self, name: str) -> bool:
        return name in self.data

    def delete(self, name: str | None = None) -> None:
        self.data.pop(require_key(self, name), None)

    def keys(self) -> Iterable[str]:
        return list(self.data)

    def close(self) -> None:
        pass


class TestMinimal(StashContract):
    @pytest.fixture
    def stash(self) -> Minimal:
        return Minimal()

    def raw_get(self, stash: Any, key: str) -> Any:
        entry = stash.data.get(key, MISSING)
        return entry if entry is MISSING else stash.entry_codec.decode(entry, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        stash.data[key] = bytes(stash.entry_codec.encode(value, key))

    def raw_keys(self, stash: Any) -> Iterable[str]:
        return list(stash.data)


class TestMinimalOfJson(TestMinimal):
    @pytest.fixture
    def stash(self) -> Minimal:
        return Minimal(codec=JsonCodec())


def test_many_at_once() -> None:
    stash = Minimal()
    stash.dump_many((f"{n}", n) for n in range(3))
    assert list(stash.load_many(["2", "x", "0"])) == [("2", 2), ("0", 0)]
    stash.delete_many(["0", "x"])
    assert dict(stash) == {"1": 1, "2": 2}


def test_errors_name_the_entry() -> None:
    stash = Minimal()
    stash.dump("a", [1])
    stash.data["b"] = stash.data["a"]
    with pytest.raises(UntrustedDataError, match=r"Minimal\['b'\]"):
        stash.load("b")
    stash.data["a"] = stash.data["a"][:-1]
    for read in (stash.load, stash.entry_info):
        with pytest.raises(CorruptDataError, match=r"Minimal\['a'\]"):
            read("a")


def test_info_is_told_without_decoding() -> None:
    stash = Minimal(codec=JsonCodec())
    stash.dump("a", [1])
    info = stash.entry_info("a")
    assert info is not None
    assert (info.codec, info.type) == ("json", "builtins.list")
    assert stash.entry_info("b") is None

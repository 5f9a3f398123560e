from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DictionaryStash, DirectoryStash, PersistableError
from zensols.persist.codec import JsonCodec
from zensols.persist.error import StoreUnavailableError
from zensols.persist.stash.store import StoreStash
from zensols.persist.stash.survey import read_entries, survey


class Batches(StoreStash[Any]):
    """A store that only hands out many entries at once, some of them broken."""

    def __init__(self, broken: dict[str, Exception]) -> None:
        super().__init__(codec=JsonCodec())
        self.entries: dict[str, bytes] = {}
        self.broken = broken
        self.singles = 0

    def load_entry(self, name: str) -> bytes | None:
        self.singles += 1
        if name in self.broken:
            raise self.broken[name]
        return self.entries.get(name)

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for name in names:
            if name in self.broken:
                raise self.broken[name]
            if name in self.entries:
                yield name, self.entries[name]

    def dump_entry(self, name: str, entry: bytes) -> None:
        self.entries[name] = entry

    def exists(self, name: str) -> bool:
        return name in self.entries

    def delete(self, name: str | None = None) -> None:
        self.entries.pop(str(name), None)

    def keys(self) -> Iterable[str]:
        return list(self.entries)

    def close(self) -> None:
        pass


def filled(broken: dict[str, Exception]) -> Batches:
    store = Batches(broken)
    for n in range(6):
        store[str(n)] = n
    return store


def test_many_at_once() -> None:
    store = filled({})
    assert [found.key for found in survey(store)] == list("012345")
    assert store.singles == 0


def test_goes_on_after_a_broken_one() -> None:
    store = filled({"2": PersistableError("broken")})
    store.entries["4"] = b"no entry"
    found = {item.key: item for item in survey(store)}
    assert found.keys() == set("012345")
    assert str(found["2"].problem) == "broken"
    assert "Not an entry" in str(found["4"].problem)
    assert [key for key in found if found[key].info] == ["0", "1", "3", "5"]


def test_stops_without_a_server() -> None:
    store = filled({"2": StoreUnavailableError("gone")})
    with pytest.raises(StoreUnavailableError):
        list(survey(store))
    with pytest.raises(StoreUnavailableError):
        list(read_entries(store, ["2"], lambda *_: None))


def test_absent_keys_are_left_out() -> None:
    store = filled({"2": PersistableError("broken")})
    unread: dict[str, PersistableError] = {}
    found = read_entries(store, ["0", "x", "2", "y", "3"], unread.__setitem__)
    assert [key for key, _ in found] == ["0", "3"]
    assert unread.keys() == {"2"}


def test_only_what_is_wanted(tmp_path: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path)
    stash["a"] = stash["b"] = 1
    assert [found.key for found in survey(stash, "b".__eq__)] == ["b"]


def test_stash_without_entries() -> None:
    (found,) = survey(DictionaryStash({"a": 1}))
    assert found.row() == {"key": "a"}


def test_row_is_ready_for_json(tmp_path: Path) -> None:
    import json

    import numpy as np

    stash: DirectoryStash[Any] = DirectoryStash(tmp_path)
    stash["a"] = np.zeros((2, 3))
    (found,) = survey(stash)
    row = json.loads(json.dumps(found.row()))
    assert row["shape"] == [2, 3]
    assert row["dtype"] == "float64"
    assert row["age"] >= 0

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.domain import DelegateStash, PrimeableStash, ReadOnlyStash, Stash
from zensols.persist.error import Failure, PersistableError
from zensols.persist.stash import DictionaryStash, DirectoryStash
from zensols.persist.testing import StashContract
from zensols.persist.util import FailureFilterStash


def fail() -> Failure:
    return Failure(ValueError("no such word"))


class TestContract(StashContract):
    copies = False

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return FailureFilterStash(DictionaryStash(), tmp_path / "keys.dat")


class CountingStash(ReadOnlyStash[Any]):
    """Has as many failures as other items, and counts what is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def load(self, name: str) -> Any:
        self.loaded.append(name)
        return fail() if int(name) % 2 else int(name)

    def keys(self) -> Iterator[str]:
        return map(str, range(6))


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "folder" / "keys.dat"


@pytest.fixture
def items() -> CountingStash:
    return CountingStash()


@pytest.fixture
def stash(items: CountingStash, key_path: Path) -> FailureFilterStash[Any]:
    return FailureFilterStash(items, key_path)


def test_hides_failures(stash: FailureFilterStash[Any]) -> None:
    assert set(stash.keys()) == {"0", "2", "4"}
    assert dict(stash) == {"0": 0, "2": 2, "4": 4}
    assert len(stash) == 3
    assert "2" in stash
    assert "1" not in stash


def test_f_failures_can_be_read(stash: FailureFilterStash[Any]) -> None:
    assert stash.load("1") is None
    assert stash.get("1", "default") == "default"
    with pytest.raises(KeyError):
        stash["1"]
    assert isinstance(stash.delegate.load("1"), Failure)


def test_absent_keys(stash: FailureFilterStash[Any]) -> None:
    assert stash.load("99") is None
    assert stash.get("99", "default") == "default"


def test_is_delegate_and_primeable() -> None:
    bases = FailureFilterStash.__mro__
    assert bases.index(DelegateStash) < bases.index(PrimeableStash)


def test_reads_delegate_once(
    stash: FailureFilterStash[Any], items: CountingStash, key_path: Path
) -> None:
    assert not key_path.exists()
    stash.prime()
    assert items.loaded == list("012345")
    assert key_path.is_file()
    items.loaded.clear()
    stash.prime()
    assert len(stash) == 3
    other = FailureFilterStash[Any](items, key_path)
    assert set(other.keys()) == {"0", "2", "4"}
    assert items.loaded == []


def test_keys_is_a_frozen_set(stash: FailureFilterStash[Any]) -> None:
    assert isinstance(stash.keys(), frozenset)


def test_key_file_is_no_pickle_of_somebody_else(
    stash: FailureFilterStash[Any], key_path: Path
) -> None:
    key_path.parent.mkdir(parents=True)
    key_path.write_bytes(pickle.dumps(frozenset({"1"})))
    with pytest.raises(PersistableError, match=r"keys\.dat"):
        stash.keys()


def test_f_clear_keeps_key_file(key_path: Path) -> None:
    stash = FailureFilterStash(DictionaryStash({"a": 1, "b": fail()}), key_path)
    assert stash.keys() == {"a"}
    stash.clear()
    assert not key_path.exists()
    assert stash.keys() == frozenset()
    assert stash.load("a") is None


def test_writes_are_seen(key_path: Path) -> None:
    stash = FailureFilterStash(DictionaryStash(), key_path)
    assert len(stash) == 0
    stash["a"] = 1
    assert dict(stash) == {"a": 1}
    stash["b"] = fail()
    assert dict(stash) == {"a": 1}
    stash["a"] = fail()
    assert dict(stash) == {}
    stash["b"] = 2
    assert dict(FailureFilterStash(stash.delegate, key_path)) == {"b": 2}
    del stash["b"]
    assert "b" not in stash


def test_failed_write_is_seen(key_path: Path, tmp_path: Path) -> None:
    class HalfStored(DictionaryStash[Any]):
        def dump(self, name: str, inst: Any) -> None:
            super().dump(name, inst)
            raise ValueError("too late")

    stash = FailureFilterStash(HalfStored(), key_path)
    assert len(stash) == 0
    with pytest.raises(ValueError, match="too late"):
        stash["a"] = 1
    assert dict(stash) == {"a": 1}


def test_primes_its_delegate(key_path: Path) -> None:
    @dataclass
    class Filled(PrimeableStash[Any], DictionaryStash[Any]):
        def prime(self) -> None:
            self.data.setdefault("a", 1)

    stash = FailureFilterStash(Filled(), key_path)
    assert dict(stash) == {"a": 1}


def test_failures_of_a_folder(tmp_path: Path, key_path: Path) -> None:
    items = DirectoryStash[Any](tmp_path / "items")
    items["a"], items["b"] = 1, fail()
    stash = FailureFilterStash(items, key_path)
    assert dict(stash) == {"a": 1}
    found = items["b"]
    assert isinstance(found, Failure)
    assert str(found) == "no such word"


def test_pickled_and_copied(tmp_path: Path, key_path: Path) -> None:
    items = DirectoryStash[Any](tmp_path / "items")
    items["a"], items["b"] = 1, fail()
    stash = FailureFilterStash(items, key_path)
    assert dict(stash) == {"a": 1}
    for other in (
        pickle.loads(pickle.dumps(stash)),
        copy.copy(stash),
        copy.deepcopy(stash),
    ):
        assert dict(other) == {"a": 1}
        other["c"] = 2
        assert dict(other) == {"a": 1, "c": 2}
        del other["c"]


def test_threads_read_the_delegate_once(
    stash: FailureFilterStash[Any], items: CountingStash
) -> None:
    with ThreadPoolExecutor(8) as executor:
        found = list(executor.map(lambda _: stash.keys(), range(8)))
    assert found == [{"0", "2", "4"}] * 8
    assert items.loaded == list("012345")

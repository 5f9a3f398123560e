"""The part of the contract for reading, run against stashes that only do that,
and against broken ones, each of which has to fail.

"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.domain import (
    CacheFactoryStash,
    FactoryStash,
    KeyLimitStash,
    KeySubsetStash,
    ReadOnlyDelegateStash,
    ReadOnlyStash,
    Stash,
)
from zensols.persist.stash import (
    CacheStash,
    DictionaryStash,
    DirectoryStash,
    OneShotFactoryStash,
    UnionStash,
)
from zensols.persist.testing import ReadableContract


class ReadOnlyContract(ReadableContract):
    """Of stashes that ignore writes."""

    def test_writes_are_ignored(self, filled: Any) -> None:
        filled.dump("new", 1)
        filled.delete(self.names[0])
        filled.clear()
        assert dict(filled) == self.items


class TestReadOnlyDelegateStash(ReadOnlyContract):
    @pytest.fixture
    def filled(self) -> Stash[Any]:
        return ReadOnlyDelegateStash(DictionaryStash(self.items))


class TestUnionStash(ReadOnlyContract):
    @pytest.fixture
    def filled(self, tmp_path: Path) -> Stash[Any]:
        stashes = DirectoryStash[Any](tmp_path), DictionaryStash[Any]()
        for number, (key, value) in enumerate(self.items.items()):
            stashes[number % 2].dump(key, value)
        # Hidden by what the first has.
        stashes[1].dump(self.names[0], "hidden")
        return UnionStash(stashes)


class TestKeySubsetStash(ReadOnlyContract):
    dynamic = False

    @pytest.fixture
    def filled(self) -> Stash[Any]:
        delegate = DictionaryStash({**self.items, "other": 1})
        subset = {*self.items, "absent"}
        return KeySubsetStash(delegate, subset, dynamic_subset=self.dynamic)


class TestDynamicKeySubsetStash(TestKeySubsetStash):
    dynamic = True


class TestKeyLimitStash(ReadableContract):
    @pytest.fixture
    def filled(self) -> Stash[Any]:
        delegate = DictionaryStash({**self.items, "other": 1})
        return KeyLimitStash(delegate, limit=len(self.items))


class TestFactoryStash(ReadableContract):
    """With a factory that makes all, a part of which was made before."""

    kind: Any = FactoryStash

    @pytest.fixture
    def filled(self, tmp_path: Path) -> Any:
        stash = self.kind(
            DirectoryStash(tmp_path),
            ReadOnlyDelegateStash(DictionaryStash(self.items)),
            dump_factory_nones=True,
        )
        stash.load(self.names[2])
        return stash


class TestCacheFactoryStash(TestFactoryStash):
    kind = CacheFactoryStash


class TestCacheStashOverReadOnly(ReadableContract):
    @pytest.fixture
    def filled(self) -> Stash[Any]:
        return CacheStash(ReadOnlyDelegateStash(DictionaryStash(self.items)))


class TestOneShotFactoryStash(ReadableContract):
    @pytest.fixture
    def filled(self, tmp_path: Path) -> Stash[Any]:
        stash = OneShotFactoryStash[Any](DirectoryStash(tmp_path / "data"))
        stash.worker = list(self.items.items())
        return stash


class NoneIsAbsent(DictionaryStash[Any]):
    def __getitem__(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value


class NoneIsDefault(DictionaryStash[Any]):
    def get(self, name: str, default: Any = None) -> Any:
        value = self.load(name)
        return default if value is None else value


class IgnoresDefault(DictionaryStash[Any]):
    def get(self, name: str, default: Any = None) -> Any:
        return self.load(name)


class AbsentIsNone(DictionaryStash[Any]):
    def __getitem__(self, key: str) -> Any:
        return self.get(key)


class HasAnything(DictionaryStash[Any]):
    def exists(self, name: str) -> bool:
        return True


class FalsyIsAbsent(DictionaryStash[Any]):
    def exists(self, name: str) -> bool:
        return bool(self.data.get(name))


class CreatesOnRead(DictionaryStash[Any]):
    def load(self, name: str) -> Any:
        return self.data.setdefault(name, None)


class RepeatsKeys(DictionaryStash[Any]):
    def keys(self) -> Any:
        return [*self.data, *self.data]


class ListsOnce(ReadOnlyStash[Any]):
    """Is exhausted by the first one to list its keys."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__()
        self.data = data
        self.once = iter(data)

    def load(self, name: str) -> Any:
        return self.data.get(name)

    def exists(self, name: str) -> bool:
        return name in self.data

    def keys(self) -> Iterator[str]:
        return self.once


class IteratesKeys(DictionaryStash[Any]):
    def __iter__(self) -> Any:
        return iter(self.data)


class ValuesInAnotherOrder(DictionaryStash[Any]):
    def values(self) -> Any:
        return reversed(list(self.data.values()))


class MiscountsKeys(DictionaryStash[Any]):
    def __len__(self) -> int:
        return len([value for value in self.data.values() if value])


class LosesTypes(DictionaryStash[Any]):
    def load(self, name: str) -> Any:
        value = self.data.get(name)
        return bool(value) if value == 0 else value


class LoadsToFindOut(DictionaryStash[Any]):
    def exists(self, name: str) -> bool:
        return self.load(name) is not None or name in self.data


class LosesRestOfGroup(DictionaryStash[Any]):
    def key_groups(self, n: int) -> Iterable[list[str]]:
        return [group for group in super().key_groups(n) if len(group) == n]


class HidesKeyInError(DictionaryStash[Any]):
    def __getitem__(self, key: str) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError:
            raise KeyError("not found") from None


class RaisesOnAbsent(DictionaryStash[Any]):
    def load(self, name: str) -> Any:
        return self.data[name]


BROKEN = [
    (NoneIsAbsent, "test_reads_each_value"),
    (NoneIsAbsent, "test_is_read_as_a_mapping"),
    (NoneIsDefault, "test_default_is_only_for_absent_keys"),
    (NoneIsDefault, "test_iterates_pairs"),
    (IgnoresDefault, "test_default_is_only_for_absent_keys"),
    (AbsentIsNone, "test_absent_key_is_a_key_error"),
    (HasAnything, "test_absent_key"),
    (HasAnything, "test_is_read_as_a_mapping"),
    (FalsyIsAbsent, "test_exists"),
    (CreatesOnRead, "test_absent_key"),
    (RepeatsKeys, "test_keys"),
    (RepeatsKeys, "test_len"),
    (RepeatsKeys, "test_key_groups"),
    (ListsOnce, "test_keys"),
    (ListsOnce, "test_reads_again"),
    (ListsOnce, "test_iterations_are_independent"),
    (IteratesKeys, "test_iterates_pairs"),
    (ValuesInAnotherOrder, "test_iterates_pairs"),
    (MiscountsKeys, "test_len"),
    (LosesTypes, "test_reads_each_value"),
    (LoadsToFindOut, "test_listing_loads_nothing"),
    (LosesRestOfGroup, "test_key_groups"),
    (HidesKeyInError, "test_absent_key_is_a_key_error"),
    (RaisesOnAbsent, "test_absent_key"),
]


def run(stash: Any, test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [monkeypatch] if test == "test_listing_loads_nothing" else []
    getattr(ReadableContract(), test)(stash, *arguments)


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_broken_stash_fails(
    broken: Any, test: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = ReadableContract().items
    run(DictionaryStash(dict(items)), test, monkeypatch)
    with pytest.raises((AssertionError, KeyError, pytest.fail.Exception)):
        run(broken(dict(items)), test, monkeypatch)


def test_each_test_can_fail() -> None:
    tests = {name for name in vars(ReadableContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests

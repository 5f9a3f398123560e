"""Stashes the bookkeeping of which gets mixed up or lost, each of which has to
fail.

"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist.domain import Reach, ReadOnlyDelegateStash, Stash
from zensols.persist.stash import CacheStash, DictionaryStash, DirectoryStash
from zensols.persist.testing import BesideContract


class AmongItems(DictionaryStash[Any]):
    def _make_beside(self, name: str) -> Any:
        return DictionaryStash(self.data)


class ClearsAll(DictionaryStash[Any]):
    def clear(self) -> None:
        super().clear()
        self._make_beside("notes").clear()


class ClearsItems(DictionaryStash[Any]):
    def _make_beside(self, name: str) -> Any:
        beside = ClearsBoth(super()._make_beside(name).data)
        beside.other = self
        return beside


class ClearsBoth(DictionaryStash[Any]):
    other: Any

    def clear(self) -> None:
        super().clear()
        self.other.clear()


class OneForAll(DictionaryStash[Any]):
    def _make_beside(self, name: str) -> Any:
        return super()._make_beside("notes")


class NewEachTime(DictionaryStash[Any]):
    def _make_beside(self, name: str) -> Any:
        return DictionaryStash()


class TakesAnyName(DictionaryStash[Any]):
    def beside(self, name: str) -> Any:
        return self._make_beside(name)


class CutsNames(DictionaryStash[Any]):
    def _make_beside(self, name: str) -> Any:
        return super()._make_beside(name) if len(name) < 10 else DictionaryStash()


class LosesInPickle(DictionaryStash[Any]):
    def __reduce__(self) -> Any:
        return type(self), (self.data,)


class CantBePickled(DictionaryStash[Any]):
    def _make_beside(self, name: str) -> Any:
        beside = super()._make_beside(name)
        beside.lock_of_its_own = beside.lock("a")
        return beside


class ClaimsTooMuch(DictionaryStash[Any]):
    @property
    def reach(self) -> Reach:
        return Reach.MACHINE


class InFolder(DirectoryStash[Any]):
    """With what is beside it in memory."""

    def _make_beside(self, name: str) -> Any:
        return DictionaryStash._make_beside(self, name)  # type: ignore[arg-type]


class Contract(BesideContract):
    def reopen(self, stash: Any) -> Any:
        if isinstance(stash, DirectoryStash):
            return type(stash)(stash.path)
        return None


BROKEN = [
    (AmongItems, "test_beside_is_apart"),
    (ClearsAll, "test_beside_is_apart"),
    (ClearsItems, "test_beside_is_apart"),
    (OneForAll, "test_beside_names_are_apart"),
    (NewEachTime, "test_beside_names_are_apart"),
    (TakesAnyName, "test_beside_takes_names_only"),
    (CutsNames, "test_beside_takes_names_only"),
    (InFolder, "test_beside_of_reopened"),
    (LosesInPickle, "test_beside_of_pickled"),
    (CantBePickled, "test_beside_of_pickled"),
    (ClaimsTooMuch, "test_beside_of_pickled"),
    (CacheStash, "test_reach"),
]


def fill(stash: Stash[Any]) -> Stash[Any]:
    stash.dump_many(Contract().items.items())
    return stash


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_broken_stash_fails(tmp_path: Path, broken: Any, test: str) -> None:
    run = getattr(Contract(), test)
    run(fill(DirectoryStash(tmp_path / "sound")))
    stash: Any = tmp_path / "broken"
    if broken is CacheStash:
        # What others write isn't noticed, so that this must not be told by it.
        stash = DirectoryStash(stash)
    stash = broken({}) if issubclass(broken, DictionaryStash) else broken(stash)
    with pytest.raises((Exception, pytest.fail.Exception)) as info:
        run(fill(stash))
    assert info.type is not pytest.skip.Exception


def test_each_test_can_fail() -> None:
    tests = {name for name in vars(BesideContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests


def test_what_does_not_apply_is_skipped(tmp_path: Path) -> None:
    class NotPickled(BesideContract):
        pickles = False

    class WithoutBeside(DirectoryStash[Any]):
        def _make_beside(self, name: str, *parts: str) -> Any:
            return None

    stash = fill(DirectoryStash(tmp_path / "data"))
    without = fill(WithoutBeside(tmp_path / "data"))
    in_memory = fill(DictionaryStash())
    for contract, test, kind in (
        (Contract(), "test_beside_is_apart", without),
        (Contract(), "test_beside_names_are_apart", without),
        (Contract(), "test_beside_takes_names_only", without),
        (Contract(), "test_beside_of_reopened", without),
        (Contract(), "test_beside_of_reopened", in_memory),
        (Contract(), "test_beside_of_pickled", without),
        (NotPickled(), "test_beside_of_pickled", stash),
        (Contract(), "test_reach", in_memory),
        (NotPickled(), "test_reach", stash),
    ):
        with pytest.raises(pytest.skip.Exception):
            getattr(contract, test)(kind)


def test_read_only_stash_is_not_written_to(tmp_path: Path) -> None:
    stash = ReadOnlyDelegateStash(fill(DirectoryStash(tmp_path / "data")))
    Contract().test_reach(stash)
    assert dict(stash) == Contract().items

"""Stashes with faulty batches, each of which has to fail."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest

from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash
from zensols.persist.testing import BatchContract


class LoadsSorted(DictionaryStash[Any]):
    def load_many(self, names: Any) -> Any:
        return super().load_many(sorted(names))


class LoadsOnce(DictionaryStash[Any]):
    def load_many(self, names: Any) -> Any:
        return super().load_many(dict.fromkeys(names))


class LoadsAbsent(DictionaryStash[Any]):
    def load_many(self, names: Any) -> Any:
        return ((name, self.load(name)) for name in names)


class LeavesOutNone(DictionaryStash[Any]):
    def load_many(self, names: Any) -> Any:
        return (item for item in super().load_many(names) if item[1] is not None)


class LoadsAllAtOnce(DictionaryStash[Any]):
    def load_many(self, names: Any) -> Any:
        return iter(list(super().load_many(names)))


class LoadsBeforeAsked(DictionaryStash[Any]):
    def load_many(self, names: Any) -> Any:
        names = iter(names)
        first = next(names, None)
        return super().load_many([*([] if first is None else [first]), *names])


class ChecksOnLoading(DictionaryStash[Any]):
    """Minds changes while it loads, as an iterator of a dictionary does."""

    def load_many(self, names: Any) -> Any:
        wanted = set(names)
        return ((name, value) for name, value in self.data.items() if name in wanted)


class DumpsFirst(DictionaryStash[Any]):
    def dump_many(self, items: Any) -> None:
        super().dump_many(reversed(list(items)))


class DumpsSome(DictionaryStash[Any]):
    def dump_many(self, items: Any) -> None:
        super().dump_many(list(items)[:250])


class DumpsNoNone(DictionaryStash[Any]):
    def dump_many(self, items: Any) -> None:
        super().dump_many(item for item in items if item[1] is not None)


class WantsList(DictionaryStash[Any]):
    def dump_many(self, items: Any) -> None:
        for index in range(len(items)):
            self.dump(*items[index])


class ClearsBeforeItDumps(DictionaryStash[Any]):
    def dump_many(self, items: Any) -> None:
        self.data.clear()
        super().dump_many(items)


class DeletesBeforeItDumps(DictionaryStash[Any]):
    def dump_many(self, items: Any) -> None:
        items = list(items)
        self.delete_many(name for name, _ in items)
        for name, value in items:
            if not isinstance(value, dict):
                raise TypeError
            self.dump(name, value)


class DeletesFirst(DictionaryStash[Any]):
    def delete_many(self, names: Any) -> None:
        super().delete_many(list(names)[:1])


class DeleteWantsKeys(DictionaryStash[Any]):
    def delete_many(self, names: Any) -> None:
        for name in names:
            del self[name]


class DeletesAllIfNone(DictionaryStash[Any]):
    def delete_many(self, names: Any) -> None:
        if next(iter(names := list(names)), "no such key") == "no such key":
            self.clear()
        super().delete_many(names)


class StoresNothing(DictionaryStash[Any]):
    """Makes a key of nothing."""

    def dump_many(self, items: Any) -> None:
        self.data.update(dict(items) or {"": None})


class BatchIsLost(DictionaryStash[Any]):
    @contextmanager
    def batch(self) -> Any:
        before = dict(self.data)
        yield
        self.data.clear()
        self.data.update(before)


class FrozenIsEmpty(DictionaryStash[Any]):
    @contextmanager
    def frozen(self, timeout: float | None = None) -> Any:
        yield DictionaryStash()


class FrozenForNobody(DictionaryStash[Any]):
    @contextmanager
    def frozen(self, timeout: float | None = None) -> Any:
        yield self


BROKEN = [
    (BatchIsLost, "test_batch"),
    (FrozenIsEmpty, "test_frozen"),
    (FrozenForNobody, "test_frozen_between_batches"),
    (LoadsSorted, "test_load_many"),
    (LoadsOnce, "test_load_many"),
    (LoadsAbsent, "test_load_many"),
    (LoadsAbsent, "test_many_of_nothing"),
    (LeavesOutNone, "test_load_many"),
    (LoadsAllAtOnce, "test_load_many_is_lazy"),
    (LoadsBeforeAsked, "test_load_many_is_lazy"),
    (ChecksOnLoading, "test_loaded_can_be_changed_meanwhile"),
    (ChecksOnLoading, "test_more_than_a_batch"),
    (DumpsFirst, "test_dump_many"),
    (DumpsSome, "test_more_than_a_batch"),
    (DumpsNoNone, "test_dump_many"),
    (WantsList, "test_dump_many"),
    (ClearsBeforeItDumps, "test_dump_many_of_what_is_loaded"),
    (DeletesBeforeItDumps, "test_failed_dump_many_keeps_old_values"),
    (DeletesFirst, "test_delete_many"),
    (DeletesFirst, "test_more_than_a_batch"),
    (DeleteWantsKeys, "test_delete_many"),
    (DeleteWantsKeys, "test_many_of_nothing"),
    (DeletesAllIfNone, "test_delete_many"),
    (StoresNothing, "test_many_of_nothing"),
]

ON_EMPTY = {
    "test_batch",
    "test_dump_many",
    "test_many_of_nothing",
    "test_more_than_a_batch",
}


def make(kind: Any, test: str) -> Any:
    return kind({} if test in ON_EMPTY else dict(BatchContract().items))


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_broken_stash_fails(broken: Any, test: str) -> None:
    run = getattr(BatchContract(), test)
    run(make(DictionaryStash, test))
    with pytest.raises((AssertionError, KeyError, TypeError, RuntimeError)):
        run(make(broken, test))


def test_each_test_can_fail() -> None:
    tests = {name for name in vars(BatchContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests


def test_what_is_stored_is_found_behind_the_back() -> None:
    class InMemoryOnly(DictionaryStash[Any]):
        def __init__(self) -> None:
            super().__init__()
            self.store: dict[str, Any] = {}

    class Contract(BatchContract):
        def raw_get(self, stash: Any, key: str) -> Any:
            return stash.store.get(key, MISSING)

    BatchContract().test_dump_many(InMemoryOnly())
    with pytest.raises(AssertionError):
        Contract().test_dump_many(InMemoryOnly())


def test_stash_of_few_keys_skips_what_needs_many() -> None:
    class Few(BatchContract):
        many = 0

    with pytest.raises(pytest.skip.Exception):
        Few().test_more_than_a_batch(DictionaryStash())

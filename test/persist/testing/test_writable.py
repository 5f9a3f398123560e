"""The part of the contract for writing, run against the stash that counts keys
up, and against broken stashes, each of which has to fail.

"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import default_codec, dump_file, file_info, load_file
from zensols.persist.domain import Stash
from zensols.persist.missing import MISSING
from zensols.persist.stash import DictionaryStash, IncrementKeyDirectoryStash
from zensols.persist.testing import (
    ConcurrencyContract,
    ModelContract,
    PersistenceContract,
    ReadableContract,
    WritableContract,
)


class TestIncrementKeyDirectoryStash(
    ReadableContract,
    WritableContract,
    PersistenceContract,
    ConcurrencyContract,
    ModelContract,
):
    """Whose keys are numbers."""

    names = ("1", "2", "30", "4")
    processes = True

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return IncrementKeyDirectoryStash(tmp_path / "data", name="model")

    def reopen(self, stash: Any) -> Stash[Any]:
        return IncrementKeyDirectoryStash(stash.path, name="model")

    def raw_get(self, stash: Any, key: str) -> Any:
        file = str(stash.path / f"model-{key}.dat")
        try:
            return load_file(default_codec(), file, key)
        except FileNotFoundError:
            return MISSING

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        stash.assert_path_dir()
        dump_file(default_codec(), value, str(stash.path / f"model-{key}.dat"), key)

    def raw_keys(self, stash: Any) -> Any:
        if not stash.path.exists():
            return []
        return [file_info(str(path)).key for path in stash.path.iterdir()]

    def key_strategy(self) -> Any:
        from hypothesis import strategies as st

        return st.integers(0, 10**30).map(str) | st.sampled_from(self.names)


class IsNeverNew(DictionaryStash[Any]):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.data["default"] = 1


class WritesNothing(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        pass


class DropsFalsy(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        if inst:
            super().dump(name, inst)
        else:
            self.data.pop(name, None)


class MakesLists(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        super().dump(name, "" if inst == b"" else inst)


class KeepsFirst(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        self.data.setdefault(name, inst)


class MixesKeys(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        super().dump(name[-1:], inst)


class Truncates(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        if isinstance(inst, dict) and len(inst.get("text", "")) > 1 << 20:
            inst = inst | {"text": inst["text"][: 1 << 20]}
        super().dump(name, inst)


class ListsDeleted(DictionaryStash[Any]):
    def delete(self, name: str | None = None) -> None:
        super().delete(name)
        self.data[f"{name} (deleted)"] = None


class DeletesNothing(DictionaryStash[Any]):
    def delete(self, name: str | None = None) -> None:
        super().delete("no such key" if name is not None else name)


class DeleteWantsKey(DictionaryStash[Any]):
    def delete(self, name: str | None = None) -> None:
        del self.data[name]  # type: ignore[arg-type]


class DeleteClears(DictionaryStash[Any]):
    def delete(self, name: str | None = None) -> None:
        if name is None:
            self.clear()
        else:
            super().delete(name)


class DelIsLenient(DictionaryStash[Any]):
    def __delitem__(self, key: str) -> None:
        self.delete(key)


class Resurrects(DictionaryStash[Any]):
    """Loads a deleted value again once the key is stored anew."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.first: dict[str, Any] = {}

    def dump(self, name: str, inst: Any) -> None:
        super().dump(name, self.first.setdefault(name, inst))


class ClearLeavesOne(DictionaryStash[Any]):
    def clear(self) -> None:
        while len(self.data) > 1:
            self.data.popitem()


class DirectKeys(DictionaryStash[Any]):
    """Deletes more than it is told to."""

    def delete(self, name: str | None = None) -> None:
        if name is not None:
            self.data.pop(next(iter(self.data), ""), None)
        super().delete(name)


class DeletesBeforeItWrites(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        self.data.pop(name, None)
        super().dump(name, default_codec().decode(bytes(default_codec().encode(inst))))


BROKEN = [
    (IsNeverNew, "test_new_one_is_empty"),
    (WritesNothing, "test_keeps_each_value"),
    (WritesNothing, "test_keeps_a_large_value"),
    (DropsFalsy, "test_keeps_each_value"),
    (MakesLists, "test_keeps_each_value"),
    (KeepsFirst, "test_keeps_each_value"),
    (KeepsFirst, "test_replaces"),
    (MixesKeys, "test_keys_are_independent"),
    (MixesKeys, "test_reads_what_others_wrote"),
    (Truncates, "test_keeps_a_large_value"),
    (Truncates, "test_replaces"),
    (ListsDeleted, "test_delete"),
    (ListsDeleted, "test_keys_can_be_deleted_one_by_one"),
    (DeletesNothing, "test_delete"),
    (DeletesNothing, "test_del"),
    (DeletesNothing, "test_deleted_key_can_be_stored_again"),
    (DeleteWantsKey, "test_delete_of_an_absent_key_is_ignored"),
    (DeleteClears, "test_delete_needs_a_key"),
    (DelIsLenient, "test_del"),
    (DelIsLenient, "test_is_written_as_a_mapping"),
    (Resurrects, "test_deleted_key_can_be_stored_again"),
    (ClearLeavesOne, "test_clear"),
    (DirectKeys, "test_delete_of_an_absent_key_is_ignored"),
    (DeletesBeforeItWrites, "test_failed_dump_keeps_the_old_value"),
]


def make(stash: Any, test: str) -> Any:
    """A stash for the test, with items in it if its fixture is `filled`."""
    if test in ("test_clear", "test_keys_can_be_deleted_one_by_one"):
        stash.data.update(WritableContract().items)
    return stash


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_broken_stash_fails(broken: Any, test: str) -> None:
    run = getattr(WritableContract(), test)
    run(make(DictionaryStash(), test))
    with pytest.raises((AssertionError, KeyError, pytest.fail.Exception)):
        run(make(broken(), test))


def test_each_test_can_fail() -> None:
    tests = {name for name in vars(WritableContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests


class OwnCopy(DictionaryStash[Any]):
    """Has faults in writing and in reading that cancel each other."""

    def dump(self, name: str, inst: Any) -> None:
        super().dump(f"{name}!", inst)

    def load(self, name: str) -> Any:
        return super().load(f"{name}!")

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(f"{name}!", default)

    def exists(self, name: str) -> bool:
        return super().exists(f"{name}!")

    def keys(self) -> Any:
        return [key[:-1] for key in super().keys()]

    def delete(self, name: str | None = None) -> None:
        super().delete(name and f"{name}!")


def test_cancelling_faults_are_found_behind_the_back() -> None:
    class Contract(WritableContract):
        def raw_get(self, stash: Any, key: str) -> Any:
            return stash.data.get(key, MISSING)

    WritableContract().test_keeps_each_value(OwnCopy())
    with pytest.raises(AssertionError):
        Contract().test_keeps_each_value(OwnCopy())

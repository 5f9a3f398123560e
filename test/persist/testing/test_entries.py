"""Stores with faulty entries, each of which has to fail."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from zensols.persist.codec import JsonCodec
from zensols.persist.stash import DictionaryStash, EncodedStash
from zensols.persist.testing import EntriesContract


class HandsOutValues(EncodedStash[Any]):
    def load_entry(self, name: str) -> Any:
        return self.load(name)


class HandsOutViews(EncodedStash[Any]):
    def load_entry(self, name: str) -> Any:
        entry = super().load_entry(name)
        return None if entry is None else memoryview(entry)


class HasOtherCodec(EncodedStash[Any]):
    @property
    def entry_codec(self) -> Any:
        return JsonCodec()


class AbsentIsEmpty(EncodedStash[Any]):
    def load_entry(self, name: str) -> Any:
        return super().load_entry(name) or b""


class LoadsSorted(EncodedStash[Any]):
    def load_entries(self, names: Any) -> Any:
        return super().load_entries(sorted(names))


class LoadsOnce(EncodedStash[Any]):
    def load_entries(self, names: Any) -> Any:
        return super().load_entries(dict.fromkeys(names))


class LoadsAbsent(EncodedStash[Any]):
    def load_entries(self, names: Any) -> Any:
        return ((name, self.load_entry(name)) for name in names)


class InfoOfValue(EncodedStash[Any]):
    def entry_info(self, name: str) -> Any:
        info = super().entry_info(name)
        return info and dataclasses.replace(info, size=info.size + 1)


class InfoOfAnyKey(EncodedStash[Any]):
    def entry_info(self, name: str) -> Any:
        return super().entry_info(name if self.exists(name) else next(iter(self))[0])


class EncodesEntries(EncodedStash[Any]):
    def dump_entry(self, name: str, entry: bytes) -> None:
        self.dump(name, entry)


class DumpsFirst(EncodedStash[Any]):
    def dump_entries(self, entries: Any) -> None:
        super().dump_entries(dict(reversed(list(entries))).items())


class DumpsOne(EncodedStash[Any]):
    def dump_entries(self, entries: Any) -> None:
        super().dump_entries(list(entries)[:1])


class Trusts(EncodedStash[Any]):
    def load(self, name: str) -> Any:
        try:
            return super().load(name)
        except Exception:
            return None


class TrustsMany(EncodedStash[Any]):
    def load_many(self, names: Any) -> Any:
        return ((name, None) for name in names)


class ChangesOneByOne(EncodedStash[Any]):
    def change_entries(self, changes: Any) -> bool:
        for name, entry in changes():
            if entry is None:
                self.delete(name)
            else:
                self.dump_entry(name, entry)
        return True


class ChangesNothing(EncodedStash[Any]):
    def change_entries(self, changes: Any) -> bool:
        list(changes())
        return True


class Stamped(EncodedStash[Any]):
    """Has stamps, as it should."""

    def entry_stamps(self) -> Any:
        return ((key, self.load_entry(key)) for key in self.keys())


class StampsKeys(EncodedStash[Any]):
    def entry_stamps(self) -> Any:
        return ((key, key.encode()) for key in self.keys())


class StampedForEver(EncodedStash[Any]):
    def store_stamp(self) -> bytes:
        return b"always"


BROKEN = [
    (StampedForEver, "test_store_stamp"),
    (ChangesOneByOne, "test_change_entries"),
    (ChangesNothing, "test_change_entries"),
    (StampsKeys, "test_entry_stamps"),
    (HandsOutValues, "test_load_entry"),
    (HandsOutViews, "test_load_entry"),
    (HasOtherCodec, "test_load_entry"),
    (AbsentIsEmpty, "test_load_entry"),
    (LoadsSorted, "test_load_entries"),
    (LoadsOnce, "test_load_entries"),
    (LoadsAbsent, "test_load_entries"),
    (InfoOfValue, "test_entry_info"),
    (InfoOfAnyKey, "test_entry_info"),
    (EncodesEntries, "test_entries_move"),
    (EncodesEntries, "test_entry_is_replaced"),
    (DumpsFirst, "test_entry_is_replaced"),
    (DumpsOne, "test_entries_move"),
    (Trusts, "test_forged_entry_is_refused"),
    (TrustsMany, "test_forged_entry_is_refused"),
]


def make(kind: Any) -> Any:
    data = DictionaryStash[Any]()
    EncodedStash(data).dump_many(EntriesContract().items.items())
    return kind(data)


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_broken_store_fails(broken: Any, test: str) -> None:
    run = getattr(EntriesContract(), test)
    run(make(Stamped))
    with pytest.raises((Exception, pytest.fail.Exception)) as info:
        run(make(broken))
    assert info.type is not pytest.skip.Exception


def test_each_test_can_fail() -> None:
    tests = {name for name in vars(EntriesContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests


def test_what_hands_out_no_entries_is_skipped() -> None:
    contract = EntriesContract()
    for test in {test for _, test in BROKEN}:
        with pytest.raises(pytest.skip.Exception):
            getattr(contract, test)(DictionaryStash(dict(contract.items)))


def test_forgery_is_none_to_those_that_sign_nothing() -> None:
    contract = EntriesContract()
    stash = EncodedStash[Any](DictionaryStash(), JsonCodec())
    stash.dump_many((key, 1) for key in contract.names)
    with pytest.raises(pytest.skip.Exception):
        contract.test_forged_entry_is_refused(stash)

"""The part of the contract for stashes that hand out their entries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from ..domain import EntryStore, Stash
from ..error import PersistableError
from ..stash import DictionaryStash, EncodedStash
from .hooks import StashHooks

__all__ = ["EntriesContract"]

ABSENT = "no such key"


class EntriesContract(StashHooks):
    """What an :class:`.EntryStore` keeps can be had as bytes, moved to another
    store and decoded there.  Other stashes skip this.

    >>> from zensols.persist import DictionaryStash, EncodedStash
    >>> contract = EntriesContract()
    >>> stash = EncodedStash(DictionaryStash())
    >>> stash.dump_many(contract.items.items())
    >>> contract.test_load_entry(stash)

    """

    def _store(self, stash: Stash[Any]) -> EntryStore:
        if not self.entries or not isinstance(stash, EntryStore):
            pytest.skip("the stash hands out no entries")
        return stash

    def test_load_entry(self, filled: Stash[Any]) -> None:
        """An entry is what the stash's own codec decodes to the value."""
        store = self._store(filled)
        for key, value in self.items.items():
            entry = store.load_entry(key)
            assert isinstance(entry, bytes), f"key {key!r}"
            assert store.entry_codec.decode(entry, key) == value, f"key {key!r}"
        assert store.load_entry(ABSENT) is None

    def test_load_entries(self, filled: Stash[Any]) -> None:
        """``load_entries`` yields pairs in the order of the keys, as often as they
        are given, and leaves out absent ones.

        """
        store = self._store(filled)
        keys = [*reversed(self.names), ABSENT, self.names[0]]
        expected = [(key, store.load_entry(key)) for key in keys if key != ABSENT]
        assert list(store.load_entries(iter(keys))) == expected
        assert list(store.load_entries([])) == []

    def test_entry_info(self, filled: Stash[Any]) -> None:
        """What an entry tells of itself is that of the entry."""
        store = self._store(filled)
        for key, value in self.items.items():
            info, entry = store.entry_info(key), store.load_entry(key)
            assert info is not None
            assert entry is not None
            assert (info.key, info.size) == (key, len(entry))
            assert info.type == f"builtins.{type(value).__name__}", f"key {key!r}"
        assert store.entry_info(ABSENT) is None

    def test_entries_move(self, filled: Stash[Any]) -> None:
        """Entries that were moved to another store, and back, are the same."""
        store = self._store(filled)
        entries = dict(store.load_entries(self.names))
        other: EncodedStash[Any] = EncodedStash(DictionaryStash(), store.entry_codec)
        other.dump_entries(entries.items())
        assert dict(other) == self.items
        filled.clear()
        first, *rest = self.names
        entry = other.load_entry(first)
        assert entry is not None
        store.dump_entry(first, entry)
        store.dump_entries(other.load_entries(iter(rest)))
        assert dict(filled) == self.items
        assert dict(store.load_entries(self.names)) == entries
        assert self.raw_get(filled, first) == self.items[first]
        assert sorted(self.raw_keys(filled)) == sorted(self.names)
        store.dump_entries([])

    def test_entry_is_replaced(self, filled: Stash[Any]) -> None:
        """Of the entries of one key, the last one counts."""
        store = self._store(filled)
        key = self.names[0]
        old = cast("bytes", store.load_entry(key))
        new = bytes(store.entry_codec.encode(self.make_value(1), key))
        store.dump_entries(iter([(key, old), (key, new)]))
        assert filled[key] == self.raw_get(filled, key) == self.make_value(1)
        store.dump_entry(key, old)
        assert filled[key] == self.raw_get(filled, key) == self.items[key]

    def test_change_entries(self, filled: Stash[Any]) -> None:
        """Many entries are stored and deleted, in one transaction or not at all."""
        store = self._store(filled)
        first, second, *rest = self.names
        entry = bytes(store.entry_codec.encode(self.make_value(1), first))
        changes = [(first, entry), (second, None), (ABSENT, None)]

        def failing() -> Iterator[tuple[str, bytes | None]]:
            yield from changes
            raise KeyboardInterrupt

        try:
            done = store.change_entries(failing)
        except KeyboardInterrupt:
            done = True
        assert dict(filled) == self.items
        assert store.change_entries(lambda: iter(changes)) == done
        if done:
            kept = {key: self.items[key] for key in rest}
            assert dict(filled) == {first: self.make_value(1)} | kept

    def test_entry_stamps(self, filled: Stash[Any]) -> None:
        """If there are stamps, each key has one, and another one once it is written."""
        store = self._store(filled)
        stamps = store.entry_stamps()
        if stamps is None:
            pytest.skip("the stash has no stamps")
        before = dict(stamps)
        assert sorted(before) == sorted(self.names)
        key = self.names[0]
        filled.dump(key, self.make_value(1))
        stamp = dict(store.entry_stamps() or ())[key]
        assert stamp != before[key] or stamp == b""

    def test_store_stamp(self, filled: Stash[Any]) -> None:
        """If the store has a stamp, reading doesn't change it, and writing does."""
        store = self._store(filled)
        before = store.store_stamp()
        assert dict(filled) == self.items
        assert before in (None, store.store_stamp())
        filled.dump(self.names[0], self.make_value(1))
        after = store.store_stamp()
        assert after is None or after != before

    def test_forged_entry_is_refused(self, filled: Stash[Any]) -> None:
        """An entry that was signed for another key, or altered, is found out when
        it is read, however it is.

        """
        store = self._store(filled)
        first, second, *_ = self.names
        entry = cast("bytes", store.load_entry(second))
        info = store.entry_info(second)
        if info is None or not info.signed:
            pytest.skip("the entries are not signed")
        altered = entry[:-1] + bytes([entry[-1] ^ 1])
        for key, forged in (first, entry), (second, altered):
            store.dump_entry(key, forged)
            for read in filled.load, filled.get, filled.__getitem__:
                with pytest.raises(PersistableError):
                    read(key)
            with pytest.raises(PersistableError):
                list(filled.load_many([key]))
            assert filled.exists(key)
            assert store.load_entry(key) == forged

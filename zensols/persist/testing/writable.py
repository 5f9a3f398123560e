"""The part of the contract for stashes that can be written to."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ..domain import Stash
from ..error import PersistableError
from ..missing import MISSING
from .hooks import StashHooks

__all__ = ["WritableContract"]


class WritableContract(StashHooks):
    """What writing to any stash must do, checked behind the stash's back too.
    The fixture ``stash`` has to return a new and empty stash.

    >>> from zensols.persist import DictionaryStash
    >>> WritableContract().test_delete(DictionaryStash())

    """

    def test_new_one_is_empty(self, stash: Stash[Any]) -> None:
        """A new stash has nothing, which makes it false."""
        assert list(stash.keys()) == []
        assert list(stash) == []
        assert len(stash) == 0
        assert not stash
        assert list(self.raw_keys(stash)) == []

    def test_keeps_each_value(self, stash: Stash[Any]) -> None:
        """Each value is stored and loaded as it was."""
        name = self.names[0]
        for value in self.values:
            stash.dump(name, value)
            for found in (self.raw_get(stash, name), stash.load(name), stash[name]):
                assert found == value
                assert type(found) is type(value)
            assert stash.exists(name)
            assert list(stash.keys()) == [name]

    def test_reads_what_others_wrote(self, stash: Stash[Any]) -> None:
        """What is in the store is there, whoever wrote it."""
        for number, name in enumerate(self.names):
            self.raw_put(stash, name, self.make_value(number))
            assert stash.exists(name), f"key {name!r}"
            assert stash.load(name) == self.make_value(number), f"key {name!r}"
        assert sorted(stash.keys()) == sorted(self.names)

    def test_keys_are_independent(self, stash: Stash[Any]) -> None:
        """Writing one key leaves the others alone."""
        for number, name in enumerate(self.names):
            stash[name] = self.make_value(number)
        for number, name in enumerate(self.names):
            stash[name] = self.make_value(number + 100)
            for other, key in enumerate(self.names):
                expected = self.make_value(other + (100 if other <= number else 0))
                assert stash[key] == expected, f"key {key!r} after {name!r}"
        assert sorted(self.raw_keys(stash)) == sorted(self.names)

    def test_replaces(self, stash: Stash[Any]) -> None:
        """The last value counts, be it larger or smaller."""
        name = self.names[0]
        for value in self.make_value(1), self.make_large_value(), self.make_value(2):
            stash.dump(name, value)
            # Not in the assertions: pytest takes minutes to show large differences.
            equal = stash.load(name) == value, self.raw_get(stash, name) == value
            assert equal == (True, True), "the last value is not what is loaded"
            assert len(stash) == 1

    def test_keeps_a_large_value(self, stash: Stash[Any]) -> None:
        """A few MiB are no problem."""
        value = self.make_large_value()
        stash.dump(self.names[0], value)
        loaded, raw = stash.load(self.names[0]), self.raw_get(stash, self.names[0])
        equal = loaded == value, raw == value
        assert equal == (True, True), "the large value is not what is loaded"

    def test_delete(self, stash: Stash[Any]) -> None:
        """What is deleted is gone from everywhere, the rest is not."""
        gone, *rest = self.names
        for number, name in enumerate(self.names):
            stash.dump(name, self.make_value(number))
        stash.delete(gone)
        assert stash.load(gone) is None
        assert stash.get(gone, "default") == "default"
        assert not stash.exists(gone)
        with pytest.raises(KeyError):
            stash[gone]
        assert sorted(stash.keys()) == sorted(rest)
        assert len(stash) == len(rest)
        assert self.raw_get(stash, gone) is MISSING
        assert sorted(self.raw_keys(stash)) == sorted(rest)
        for number, name in enumerate(rest, 1):
            assert stash[name] == self.make_value(number), f"key {name!r}"

    def test_delete_of_an_absent_key_is_ignored(self, stash: Stash[Any]) -> None:
        """``delete`` needs no key to be there."""
        stash.delete(self.names[0])
        stash.dump(self.names[1], self.make_value(1))
        stash.delete(self.names[0])
        assert list(stash.keys()) == [self.names[1]]

    def test_del(self, stash: Stash[Any]) -> None:
        """``del`` deletes, and raises :class:`KeyError` if there is nothing."""
        name = self.names[0]
        stash[name] = self.make_value(1)
        del stash[name]
        assert name not in stash
        with pytest.raises(KeyError):
            del stash[name]

    def test_delete_needs_a_key(self, stash: Stash[Any]) -> None:
        """``delete`` without a key is an error and deletes nothing."""
        stash.dump(self.names[0], self.make_value(1))
        with pytest.raises((PersistableError, TypeError)):
            stash.delete()
        assert stash[self.names[0]] == self.make_value(1)

    def test_deleted_key_can_be_stored_again(self, stash: Stash[Any]) -> None:
        """Nothing of a deleted value comes back."""
        name = self.names[0]
        for number in range(3):
            stash.dump(name, self.make_value(number))
            assert stash[name] == self.make_value(number)
            stash.delete(name)
            assert stash.get(name, MISSING) is MISSING

    def test_clear(self, filled: Stash[Any]) -> None:
        """``clear`` deletes everything, and what follows finds it empty."""
        filled.clear()
        for name in self.items:
            assert filled.load(name) is None, f"key {name!r}"
            assert not filled.exists(name), f"key {name!r}"
        assert list(filled.keys()) == list(self.raw_keys(filled)) == []
        filled.clear()
        filled.dump(self.names[0], self.make_value(1))
        assert list(filled) == [(self.names[0], self.make_value(1))]

    def test_keys_can_be_deleted_one_by_one(self, filled: Stash[Any]) -> None:
        """A list of the keys is good for deleting them."""
        for key in tuple(filled.keys()):
            assert filled.exists(key)
            filled.delete(key)
        assert len(filled) == 0

    def test_is_written_as_a_mapping(self, stash: Stash[Any]) -> None:
        """``as_mapping`` does what a dictionary does."""
        first, second, third, *_ = self.names
        values = [self.make_value(number) for number in range(4)]
        mapping = stash.as_mapping()
        mapping.update({first: values[0], second: values[1]})
        assert mapping.setdefault(first, values[3]) == values[0]
        assert mapping.setdefault(third, values[2]) == values[2]
        assert mapping == {first: values[0], second: values[1], third: values[2]}
        assert mapping.pop(first) == values[0]
        assert mapping.pop(first, "default") == "default"
        with pytest.raises(KeyError):
            mapping.pop(first)
        del mapping[second]
        with pytest.raises(KeyError):
            del mapping[second]
        assert mapping.popitem() == (third, values[2])
        with pytest.raises(KeyError):
            mapping.popitem()
        mapping[first] = values[3]
        assert list(stash) == [(first, values[3])]
        mapping.clear()
        assert len(stash) == len(mapping) == 0

    def test_failed_dump_keeps_the_old_value(self, stash: Stash[Any]) -> None:
        """A value that can't be stored raises and replaces nothing."""
        stash.dump(self.names[0], self.make_value(1))
        try:
            stash.dump(self.names[0], [self.make_value(2), threading.Lock()])
        except Exception:  # noqa: BLE001  a user's stash raises what it likes
            assert stash[self.names[0]] == self.make_value(1)
            assert self.raw_get(stash, self.names[0]) == self.make_value(1)
            assert list(self.raw_keys(stash)) == [self.names[0]]

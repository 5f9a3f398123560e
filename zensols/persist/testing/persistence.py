"""The part of the contract on what outlives an object: values and the stash."""

from __future__ import annotations

from typing import Any

import pytest

from ..codec import BarePickleCodec
from ..domain import Stash
from .hooks import StashHooks

__all__ = ["PersistenceContract"]


class PersistenceContract(StashHooks):
    """Values outlive the stash where they should, are copies where they should
    be, and the stash can be sent to another process.

    >>> from zensols.persist import DictionaryStash
    >>> contract = PersistenceContract()
    >>> contract.test_pickled_has_the_same(DictionaryStash(contract.items))

    """

    def _reopened(self, stash: Stash[Any]) -> Stash[Any]:
        reopened = self.reopen(stash)
        if reopened is None:
            pytest.skip("values don't outlive the stash")
        return reopened

    def test_reopened_has_the_same(self, stash: Stash[Any]) -> None:
        """Another object over the same store finds what was stored."""
        for name, value in self.items.items():
            stash.dump(name, value)
        reopened = self._reopened(stash)
        assert dict(reopened) == self.items
        reopened.delete(self.names[0])
        assert self.names[0] not in self._reopened(reopened)
        reopened.clear()
        assert len(self._reopened(reopened)) == 0

    def test_two_see_each_other(self, stash: Stash[Any]) -> None:
        """Two objects over one store see what the other one does."""
        other = self._reopened(stash)
        first, second, *_ = self.names
        stash.dump(first, self.make_value(1))
        assert other[first] == self.make_value(1)
        other.dump(second, self.make_value(2))
        assert stash[second] == self.make_value(2)
        other.delete(first)
        assert first not in stash
        assert sorted(stash.keys()) == sorted(other.keys()) == [second]

    def test_loaded_value_is_a_copy(self, stash: Stash[Any]) -> None:
        """Changing an object that was stored or loaded changes nothing in the
        stash.

        """
        if not self.copies or [1, [2, [3]]] not in self.values:
            pytest.skip("values aren't copied")
        name = self.names[0]
        value = [1, [2]]
        stash.dump(name, value)
        value[1] = "changed"
        loaded = stash.load(name)
        assert loaded == [1, [2]]
        loaded[1].append("changed")
        assert stash.load(name) == stash.get(name) == stash[name] == [1, [2]]

    def test_pickled_has_the_same(self, filled: Stash[Any]) -> None:
        """A stash that was pickled reads the same items, and can be written
        to.

        """
        if not self.pickles:
            pytest.skip("the stash can't be pickled")
        codec = BarePickleCodec(trust="any")
        restored = codec.decode(bytes(codec.encode(filled)))
        assert type(restored) is type(filled)
        assert dict(restored) == self.items
        restored.dump(self.names[0], self.make_value(1))
        assert restored[self.names[0]] == self.make_value(1)
        if self.reopen(filled) is not None:
            assert self.raw_get(filled, self.names[0]) == self.make_value(1)

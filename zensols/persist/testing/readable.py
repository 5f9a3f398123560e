"""The part of the contract for any stash that can be read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ..domain import Stash
from .hooks import StashHooks

__all__ = ["ReadableContract"]

ABSENT = "no such key"


class ReadableContract(StashHooks):
    """What reading any stash must do.  The fixture ``filled`` has to return a
    stash with the items of the property ``items``.

    >>> from zensols.persist import DictionaryStash
    >>> contract = ReadableContract()
    >>> contract.test_reads_each_value(DictionaryStash(contract.items))

    """

    def test_reads_each_value(self, filled: Stash[Any]) -> None:
        """``load``, ``get`` and ``[]`` return each value, None too."""
        for key, value in self.items.items():
            for read in (filled.load, filled.get, filled.__getitem__):
                found = read(key)
                assert found == value, f"{read.__name__}({key!r})"
                assert type(found) is type(value), f"{read.__name__}({key!r})"

    def test_reads_again(self, filled: Stash[Any]) -> None:
        """Reading changes nothing."""
        for _ in range(2):
            assert dict(filled.items()) == self.items

    def test_default_is_only_for_absent_keys(self, filled: Stash[Any]) -> None:
        """``get`` returns its default for an absent key and never else."""
        default = object()
        for key in self.items:
            assert filled.get(key, default) is not default, f"key {key!r}"
        assert filled.get(ABSENT, default) is default

    def test_absent_key(self, filled: Stash[Any]) -> None:
        """An absent key is None to ``load`` and ``get``, and no key after that."""
        assert filled.load(ABSENT) is None
        assert filled.get(ABSENT) is None
        assert not filled.exists(ABSENT)
        assert ABSENT not in filled
        assert sorted(filled.keys()) == sorted(self.items)

    def test_absent_key_is_a_key_error(self, filled: Stash[Any]) -> None:
        """``[]`` raises :class:`KeyError`, which tells the key."""
        with pytest.raises(KeyError) as info:
            filled[ABSENT]
        assert info.value.args == (ABSENT,)

    def test_exists(self, filled: Stash[Any]) -> None:
        """``exists`` and ``in`` are true for each key, that of None too."""
        for key in self.items:
            assert filled.exists(key) is True, f"key {key!r}"
            assert key in filled, f"key {key!r}"

    def test_keys(self, filled: Stash[Any]) -> None:
        """``keys`` has each key once, each time."""
        for _ in range(2):
            assert Counter(filled.keys()) == Counter(list(self.items))

    def test_len(self, filled: Stash[Any]) -> None:
        """``len`` counts the keys."""
        assert len(filled) == len(self.items)
        assert filled

    def test_iterates_pairs(self, filled: Stash[Any]) -> None:
        """Iterating and ``items`` yield pairs, ``values`` the values, all in the
        order of the keys.

        """
        expected = [(key, self.items[key]) for key in filled.keys()]
        assert list(filled) == expected
        assert list(filled.items()) == expected
        assert list(filled.values()) == [value for _, value in expected]

    def test_iterations_are_independent(self, filled: Stash[Any]) -> None:
        """Two loops over one stash don't disturb each other."""
        pairs = [(a, b) for a, _ in filled for b, _ in filled]
        assert len(set(pairs)) == len(pairs) == len(self.items) ** 2

    def test_key_groups(self, filled: Stash[Any]) -> None:
        """``key_groups`` cuts the keys in lists."""
        groups = list(filled.key_groups(2))
        assert [len(group) for group in groups[:-1]] == [2] * (len(groups) - 1)
        assert groups[-1]
        assert sorted(key for group in groups for key in group) == sorted(self.items)

    def test_is_read_as_a_mapping(self, filled: Stash[Any]) -> None:
        """``as_mapping`` is equal to a dictionary of the items."""
        mapping = filled.as_mapping()
        assert dict(mapping) == self.items
        assert mapping == self.items
        assert len(mapping) == len(self.items)
        assert ABSENT not in mapping
        assert mapping.get(ABSENT, "default") == "default"
        with pytest.raises(KeyError):
            mapping[ABSENT]

    def test_listing_loads_nothing(
        self, filled: Stash[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``exists``, ``keys`` and ``len`` get by without loading a value."""

        def load(name: str) -> Any:
            raise AssertionError(f"loads {name!r}")

        monkeypatch.setattr(filled, "load", load)
        for key in self.items:
            assert filled.exists(key)
        assert not filled.exists(ABSENT)
        assert len(filled) == len(list(filled.keys()))

"""The part of the contract for stashes that take any string for a key."""

from __future__ import annotations

from typing import Any

import pytest

from ..domain import Stash
from ..missing import MISSING
from .hooks import StashHooks
from .keys import HOSTILE_KEYS

__all__ = ["HostileKeysContract"]


class HostileKeysContract(StashHooks):
    """Any string is a key of its own, whatever a file system, a database or a
    shell would make of it.

    >>> from zensols.persist import DictionaryStash
    >>> HostileKeysContract().test_any_string_is_a_key(DictionaryStash(), "paths")

    """

    @pytest.mark.parametrize("group", HOSTILE_KEYS)
    def test_any_string_is_a_key(self, stash: Stash[Any], group: str) -> None:
        """Keys that could be taken for each other, or for something else, are
        stored, listed and deleted as what they are.

        """
        keys = HOSTILE_KEYS[group]
        for number, key in enumerate(keys):
            assert not stash.exists(key), f"{key!r} is another one"
            assert stash.load(key) is None, f"{key!r} is another one"
            stash.dump(key, self.make_value(number))
            assert stash.exists(key), f"{key!r} is lost"
        assert sorted(stash.keys()) == sorted(keys)
        assert sorted(self.raw_keys(stash)) == sorted(keys)
        for number, key in enumerate(keys):
            assert stash[key] == self.make_value(number), f"key {key!r}"
            assert self.raw_get(stash, key) == self.make_value(number), f"key {key!r}"
        for number, key in enumerate(keys, 1):
            stash.delete(key)
            assert not stash.exists(key), f"{key!r} is still there"
            assert self.raw_get(stash, key) is MISSING, f"{key!r} is still there"
            assert sorted(stash.keys()) == sorted(keys[number:]), f"without {key!r}"

    @pytest.mark.parametrize("group", HOSTILE_KEYS)
    def test_any_key_is_found_by_others(self, stash: Stash[Any], group: str) -> None:
        """Hostile keys that are written behind the stash's back are found, and
        cleared.

        """
        items = {key: self.make_value(n) for n, key in enumerate(HOSTILE_KEYS[group])}
        for key, value in items.items():
            self.raw_put(stash, key, value)
        assert dict(stash) == items
        stash.clear()
        assert list(self.raw_keys(stash)) == []

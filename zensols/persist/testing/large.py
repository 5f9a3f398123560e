"""The part of the contract on values that are larger than many stores like."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import pytest

from ..domain import Stash
from .hooks import StashHooks

__all__ = ["LargeContract"]

SIZE = 64 << 20


class LargeContract(StashHooks):
    """Values of 64 MiB are kept, if :attr:`.StashHooks.large` says so.

    >>> from zensols.persist import DictionaryStash
    >>> class Contract(LargeContract):
    ...     large = True
    >>> Contract().test_keeps_64_mib(DictionaryStash())

    """

    def test_keeps_64_mib(self, stash: Stash[Any]) -> None:
        """64 MiB come back as they were, next to a small value, and can be
        deleted.

        """
        if not self.large:
            pytest.skip("the stash is not for large values")
        first, second, *_ = self.names
        # Digests are compared, so that there is never more than one copy here.
        stash.dump(first, blake2b(b"large").digest() * (SIZE // 64))
        stash.dump(second, self.make_value(1))
        expected = _digest(blake2b(b"large").digest() * (SIZE // 64))
        assert _digest(stash.load(first)) == expected
        assert _digest(self.raw_get(stash, first)) == expected
        assert _digest(next(iter(stash.load_many([first])))[1]) == expected
        assert sorted(stash.keys()) == sorted([first, second])
        stash.delete(first)
        assert not stash.exists(first)
        assert dict(stash) == {second: self.make_value(1)}


def _digest(value: Any) -> tuple[type, int, str]:
    return type(value), len(value), blake2b(value).hexdigest()

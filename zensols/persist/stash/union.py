"""A stash made of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

from ..domain import Reach, ReadOnlyStash, Stash, UnionKeys, V
from ..missing import MISSING

__all__ = ["UnionStash"]


@dataclass
class UnionStash(ReadOnlyStash[V], Generic[V]):
    """Has what any of several stashes has; of those with the same key, the first
    one wins.  Read-only.

    As safe with threads and processes as they are.

    >>> from zensols.persist import DictionaryStash
    >>> stash = UnionStash((
    ...     DictionaryStash({"a": 1, "b": None}), DictionaryStash({"b": 2, "c": 3})))
    >>> dict(stash)
    {'a': 1, 'b': None, 'c': 3}

    """

    stashes: Sequence[Stash[V]]
    """The stashes, the one to prefer first."""

    def load(self, name: str) -> V | None:
        for stash in self.stashes:
            value: Any = stash.load(name)
            if value is None:
                value = stash.get(name, MISSING)
            if value is not MISSING:
                return value  # type: ignore[no-any-return]  # the sentinel widens it
        return None

    def get(self, name: str, default: Any = None) -> Any:
        for stash in self.stashes:
            value = stash.get(name, MISSING)
            if value is not MISSING:
                return value
        return default

    def exists(self, name: str) -> bool:
        return any(stash.exists(name) for stash in self.stashes)

    def keys(self) -> UnionKeys:
        """Return the keys, each once, in the order of the stashes."""
        return UnionKeys(stash.keys for stash in self.stashes)

    @property
    def reach(self) -> Reach:
        """The least of theirs."""
        return min((s.reach for s in self.stashes), default=Reach.PROCESS)

"""A stash that limits the number of keys."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Generic

from ..missing import MISSING
from .delegate import DelegateStash
from .keys import snapshot
from .stash import V

__all__ = ["KeyLimitStash"]


@dataclass
class KeyLimitStash(DelegateStash[V], Generic[V]):
    """Has only the first keys of another stash, to try something out on a few
    items.

    As safe with threads and processes as its delegate.

    >>> from zensols.persist import DictionaryStash
    >>> dict(KeyLimitStash(DictionaryStash({"a": 1, "b": 2, "c": 3}), limit=2))
    {'a': 1, 'b': 2}

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("limit",)

    limit: int = sys.maxsize
    """How many keys this has at the most."""

    def keys(self) -> Iterable[str]:
        return islice(snapshot(super().keys()), self.limit)

    def exists(self, name: str) -> bool:
        if self.limit == sys.maxsize:
            return super().exists(name)
        return name in self.keys()

    def items(self) -> Iterator[tuple[str, V]]:
        # Rather than whether each key is among the first, once more.
        for key in self.keys():
            value = super().get(key, MISSING)
            if value is not MISSING:
                yield key, value

    def load(self, name: str) -> V | None:
        return super().load(name) if self.exists(name) else None

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, default) if self.exists(name) else default

"""A stash with its keys in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic

from ..domain import DelegateStash, V

__all__ = ["SortedStash"]


@dataclass
class SortedStash(DelegateStash[V], Generic[V]):
    """Lists the keys of another stash in order, and so its values.

    As safe with threads and processes as its delegate.

    >>> from zensols.persist import DictionaryStash
    >>> stash = SortedStash(DictionaryStash({"10": "b", "9": "a"}))
    >>> stash.keys()
    ['10', '9']
    >>> stash.sort_function = int
    >>> list(stash)
    [('9', 'a'), ('10', 'b')]

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("sort_function",)

    sort_function: Callable[[str], Any] | None = None
    """Returns what to sort a key by; by default the key itself."""

    def keys(self) -> list[str]:
        """Return the keys in order."""
        return sorted(super().keys(), key=self.sort_function)

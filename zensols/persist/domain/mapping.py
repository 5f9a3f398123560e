"""A stash as a mapping."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .stash import Stash

__all__ = ["StashMapping"]

V = TypeVar("V")


class StashMapping(MutableMapping[str, V]):
    """A view of a stash that behaves as a dictionary: iterating yields keys.

    As safe with threads and processes as its stash.

    >>> from zensols.persist import DictionaryStash
    >>> mapping = DictionaryStash({"a": 1}).as_mapping()
    >>> mapping.setdefault("b", 2), list(mapping), mapping == {"a": 1, "b": 2}
    (2, ['a', 'b'], True)

    """

    def __init__(self, stash: Stash[V]) -> None:
        """
        :param stash: what is read and written

        """
        self.stash = stash

    def __getitem__(self, key: str) -> V:
        return self.stash[key]

    def __setitem__(self, key: str, value: V) -> None:
        self.stash[key] = value

    def __delitem__(self, key: str) -> None:
        del self.stash[key]

    def __contains__(self, key: object) -> bool:
        return key in self.stash

    def __iter__(self) -> Iterator[str]:
        return iter(self.stash.keys())

    def __len__(self) -> int:
        return len(self.stash)

    def clear(self) -> None:
        self.stash.clear()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.stash!r})"

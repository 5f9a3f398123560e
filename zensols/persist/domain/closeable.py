"""Stashes that hold a resource."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Generic

from .stash import Stash, V

__all__ = ["CloseableStash"]


@dataclass
class CloseableStash(Stash[V], Generic[V]):
    """The base of stashes with something to close, such as a database.

    >>> from contextlib import closing
    >>> from zensols.persist import DelegateStash, DictionaryStash
    >>> with closing(DelegateStash(DictionaryStash())) as stash:
    ...     isinstance(stash, CloseableStash)
    True

    """

    @abstractmethod
    def close(self) -> None:
        """Free what this holds.  Doing so twice is harmless."""

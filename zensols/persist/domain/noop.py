"""A stash that keeps nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic

from .stash import Stash, V, require_key

__all__ = ["NoopStash"]


@dataclass
class NoopStash(Stash[V], Generic[V]):
    """Has no keys and ignores writes; switches a cache off, for instance.

    Safe to use from any thread and process.

    >>> stash = NoopStash()
    >>> stash["a"] = 1
    >>> len(stash)
    0

    """

    def load(self, name: str) -> V | None:
        return None

    def get(self, name: str, default: Any = None) -> Any:
        return default

    def exists(self, name: str) -> bool:
        return False

    def dump(self, name: str, inst: V) -> None:
        pass

    def delete(self, name: str | None = None) -> None:
        require_key(self, name)

    def keys(self) -> Iterable[str]:
        return ()

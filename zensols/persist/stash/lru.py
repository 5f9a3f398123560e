"""A stash in memory that keeps what was used last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, KeysView
from dataclasses import dataclass, field
from typing import Any, Generic

from ..domain import V, require_key
from ..error import PersistableError
from ..missing import MISSING
from .dictionary import DictionaryStash

__all__ = ["LRUCacheStash"]


@dataclass
class LRUCacheStash(DictionaryStash[V], Generic[V]):
    """Keeps a number of values in memory, dropping the one that has gone unused
    for longest to make place for another.  Loading and storing a value are uses;
    iterating and :meth:`exists` are not.

    Safe to use from many threads.  Each process has its own copy.

    >>> stash = LRUCacheStash(2)
    >>> stash["a"], stash["b"] = 1, 2
    >>> stash["a"]
    1
    >>> stash["c"] = 3
    >>> dict(stash)
    {'a': 1, 'c': 3}

    """

    _data: OrderedDict[str, V] = field(init=False, default_factory=OrderedDict)
    """The values, least recently used first."""

    maxsize: int
    """How many values there are at the most."""

    def __post_init__(self) -> None:
        if self.maxsize < 1:
            raise PersistableError(
                f"Size of {type(self).__name__} must be positive: {self.maxsize}"
            )
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            state = {**self.__dict__, "_data": self._data.copy()}
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())

    @property
    def data(self) -> OrderedDict[str, V]:
        """The dictionary itself, least recently used first."""
        return self._data

    def load(self, name: str) -> V | None:
        value: V | None = self.get(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        with self._lock:
            if name not in self.data:
                return default
            self.data.move_to_end(name)
            return self.data[name]

    def dump(self, name: str, inst: V) -> None:
        with self._lock:
            self.data[name] = inst
            self.data.move_to_end(name)
            while len(self.data) > self.maxsize:
                self.data.popitem(last=False)

    def delete(self, name: str | None = None) -> None:
        with self._lock:
            self.data.pop(require_key(self, name), None)

    def clear(self) -> None:
        with self._lock:
            self.data.clear()

    def keys(self) -> KeysView[str]:
        """Return the keys as they are now, least recently used first."""
        with self._lock:
            return dict.fromkeys(self.data).keys()

    def items(self) -> Iterator[tuple[str, V]]:
        for key in self.keys():
            value = self.data.get(key, MISSING)
            if value is not MISSING:
                yield key, value

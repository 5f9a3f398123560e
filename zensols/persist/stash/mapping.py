"""A stash over a mapping."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic

from ..domain import CloseableStash, V, require_key
from ..domain.lock import stash_lock

__all__ = ["MappingStash"]


@dataclass
class MappingStash(CloseableStash[V], Generic[V]):
    """Keeps values, as they are, in a mapping that somebody else has made: a
    dictionary, a cache of cachetools, a zict mapping, a store of zarr.  What it
    makes of keys and values, how many it keeps and for how long is up to it.

    A mapping of bytes is a store for an :class:`.EncodedStash`, which makes
    entries of any values::

        EncodedStash(MappingStash(zict.File("data")))

    Safe to use from many threads, since only one of them uses the mapping at a
    time (see :attr:`guarded`), through this or any other stash over it.  Whether
    processes can share it, and this can be pickled, is up to the mapping.

    >>> data = {"a": 1}
    >>> stash = MappingStash(data)
    >>> stash["b"] = None
    >>> dict(stash), data
    ({'a': 1, 'b': None}, {'a': 1, 'b': None})
    >>> stash.as_mapping() is data
    True

    """

    mapping: MutableMapping[str, V]
    """Keeps the values."""

    guarded: bool = field(default=True, kw_only=True)
    """Whether only one thread uses the mapping at a time.  Without that, one that
    is itself safe with threads, and slow, can be used by several at once; what
    :meth:`keys` returns is then the mapping's own view.
    """

    def _guard(self) -> AbstractContextManager[None]:
        return stash_lock(self.mapping, "") if self.guarded else nullcontext()

    def load(self, name: str) -> V | None:
        value: V | None = self.get(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        with self._guard():
            return self.mapping.get(name, default)

    def exists(self, name: str) -> bool:
        with self._guard():
            return name in self.mapping

    def dump(self, name: str, inst: V) -> None:
        with self._guard():
            self.mapping[name] = inst

    def delete(self, name: str | None = None) -> None:
        name = require_key(self, name)
        with self._guard():
            try:
                del self.mapping[name]
            except KeyError:
                pass

    def clear(self) -> None:
        with self._guard():
            if getattr(type(self.mapping), "clear", None) is MutableMapping.clear:
                # That one loads each value.
                super().clear()
            else:
                self.mapping.clear()

    def keys(self) -> Iterable[str]:
        """Return the keys as they are now, in the mapping's order."""
        with self._guard():
            return list(self.mapping) if self.guarded else self.mapping.keys()

    def __len__(self) -> int:
        with self._guard():
            return len(self.mapping)

    def as_mapping(self) -> MutableMapping[str, V]:
        """Return the mapping itself; of a subclass, a view that does what that
        does.

        """
        return self.mapping if type(self) is MappingStash else super().as_mapping()

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a re-entrant lock on a key, which excludes the other threads of
        this process that use the mapping through a stash.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another thread keeps it longer

        """
        return stash_lock(self.mapping, f"key:{key}", timeout)

    def close(self) -> None:
        """Close the mapping, if it can be closed."""
        if hasattr(self.mapping, "close"):
            self.mapping.close()

"""A stash in front of a slower one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Generic

from ..domain import DelegateStash, ReadOnlyStash, Stash, V, chunks, require_key
from ..domain.lock import stash_lock
from ..missing import MISSING
from .dictionary import DictionaryStash

__all__ = ["CacheStash"]

_BATCH: Final = 100
"""How many values the other stash is asked for, or given, at once."""


@dataclass
class CacheStash(DelegateStash[V], Generic[V]):
    """Keeps what was loaded from, or stored in, another stash in a faster one.
    The other one says what keys there are.

    Safe to use from many threads if both stashes are: what one of them stores or
    deletes through this, the others don't load an older value of.  What is
    changed behind it, such as by another process, isn't noticed once cached.

    >>> from zensols.persist import DictionaryStash, LRUCacheStash
    >>> slow = DictionaryStash({"a": 1})
    >>> stash = CacheStash(slow, LRUCacheStash(1000))
    >>> stash["a"], dict(stash.cache_stash)
    (1, {'a': 1})

    """

    cache_stash: Stash[V] = field(default_factory=DictionaryStash)
    """The faster stash; by default one in memory, without a limit."""

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_leases_by_key"}

    @property
    def _leases(self) -> dict[str, object]:
        leases: dict[str, object] = self.__dict__.setdefault("_leases_by_key", {})
        return leases

    def _begin(self, name: str) -> object:
        """Take the lease on a key, without which nothing is cached.  A load that
        a write overtakes loses it, and so doesn't cache an old value.

        """
        lease = self._leases[name] = object()
        return lease

    def _end(self, name: str, lease: object, value: Any = MISSING) -> None:
        with stash_lock(self, "cache"):
            if self._leases.pop(name, None) is lease and value is not MISSING:
                self.cache_stash.dump(name, value)
            else:
                self.cache_stash.delete(name)

    def load(self, name: str) -> V | None:
        value: Any = self.cache_stash.get(name, MISSING)
        if value is MISSING:
            found: Any = MISSING
            lease = self._begin(name)
            try:
                value = super().load(name)
                if value is None:
                    # Asking exists() could take for a None what another process
                    # has just written.
                    value = super().get(name, MISSING)
                if value is not None or super().exists(name):
                    found = value
            finally:
                self._end(name, lease, found)
        return None if value is MISSING else value

    def get(self, name: str, default: Any = None) -> Any:
        value: Any = self.load(name)
        if value is None:
            value = self.cache_stash.get(name, MISSING)
            if value is MISSING:
                value = super().get(name, default)
        return value

    def dump(self, name: str, inst: V) -> None:
        stored: Any = MISSING
        lease = self._begin(name)
        try:
            super().dump(name, inst)
            if not isinstance(self.delegate, ReadOnlyStash):
                stored = inst
        finally:
            self._end(name, lease, stored)

    def delete(self, name: str | None = None) -> None:
        """Delete the value of a key; if the delegate is read-only, from the cache
        only.

        :param name: the key

        :raises PersistableError: if no key is given

        """
        name = require_key(self, name)
        lease = self._begin(name)
        try:
            if not isinstance(self.delegate, ReadOnlyStash):
                super().delete(name)
        finally:
            self._end(name, lease)

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, V]]:
        if not self._inherits(CacheStash, "load", "get"):
            yield from super().load_many(names)
            return
        for some in chunks(names, _BATCH):
            found = dict(self.cache_stash.load_many(dict.fromkeys(some)))
            absent = [name for name in dict.fromkeys(some) if name not in found]
            if absent:
                found.update(self._load_absent(absent))
            for name in some:
                if name in found:
                    yield name, found[name]

    def _load_absent(self, names: list[str]) -> dict[str, V]:
        found: dict[str, V] = {}
        leases = [self._begin(name) for name in names]
        try:
            found.update(self.delegate.load_many(names))
        finally:
            for name, lease in zip(names, leases, strict=True):
                self._end(name, lease, found.get(name, MISSING))
        return found

    def dump_many(self, items: Iterable[tuple[str, V]]) -> None:
        if not self._inherits(CacheStash, "dump"):
            super().dump_many(items)
            return
        with ExitStack() as stack:
            for number, some in enumerate(chunks(items, _BATCH)):
                if number == 0 and len(some) == _BATCH:
                    # There may be more, which belongs to it.
                    stack.enter_context(self.batch())
                self._dump_some(some)

    def _dump_some(self, items: list[tuple[str, V]]) -> None:
        stored: dict[str, V] = {}
        leases = {name: self._begin(name) for name, _ in items}
        try:
            self.delegate.dump_many(items)
            if not isinstance(self.delegate, ReadOnlyStash):
                stored.update(items)
        finally:
            for name, lease in leases.items():
                self._end(name, lease, stored.get(name, MISSING))

    @contextmanager
    def frozen(self, timeout: float | None = None) -> Iterator[Stash[V]]:
        """Show the delegate, as what is cached is there, too.

        :param timeout: how many seconds to wait for batches to end

        """
        with self.delegate.frozen(timeout) as view:
            yield view

    def delete_many(self, names: Iterable[str]) -> None:
        if not self._inherits(CacheStash, "delete"):
            super().delete_many(names)
            return
        for some in chunks(names, _BATCH):
            leases = {name: self._begin(name) for name in some}
            try:
                if not isinstance(self.delegate, ReadOnlyStash):
                    self.delegate.delete_many(leases)
            finally:
                for name, lease in leases.items():
                    self._end(name, lease)

    def clear(self) -> None:
        """Delete all values; if the delegate is read-only, from the cache
        only.

        """
        try:
            if not isinstance(self.delegate, ReadOnlyStash):
                super().clear()
        finally:
            with stash_lock(self, "cache"):
                self._leases.clear()
                self.cache_stash.clear()

    def close(self) -> None:
        """Close both stashes, if they can be closed."""
        super().close()
        if hasattr(self.cache_stash, "close"):
            self.cache_stash.close()

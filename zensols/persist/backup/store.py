"""Caches by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from ..domain import Stash
from ..error import PersistableError
from ..stash import DictionaryStash, ExpiringStash

__all__ = ["DEFAULT", "CacheStore", "UnknownCacheError"]

DEFAULT: Final = "default"
"""The name of the cache that is always there."""


class UnknownCacheError(PersistableError, KeyError):
    """Raised when a store has no cache of a name.

    >>> CacheStore().get_cache("users")
    Traceback (most recent call last):
    zensols.persist.backup.store.UnknownCacheError: No cache 'users' in the store, \
which has none but the default one: make it with create_cache('users')

    """

    # That of KeyError shows the text in quotes.
    __str__ = Exception.__str__


class CacheStore:
    """Keeps caches by name, each of which is a stash, and a default one.

    Safe to use from several threads; what a cache guarantees to them is stated by
    the class of its stash.

    >>> store = CacheStore()
    >>> users = store.create_cache("users")
    >>> users["user:1"] = "alice@example.com"
    >>> store["users"]["user:1"], store.list_caches()
    ('alice@example.com', ['users'])
    >>> sessions = store.create_cache("sessions", ttl=60)
    >>> store.default["greeting"] = "hello"

    """

    def __init__(self, default: Stash[Any] | None = None) -> None:
        """
        :param default: the default cache, also had as ``store["default"]``; a new
                        :class:`.DictionaryStash` by default

        """
        self._lock = threading.Lock()
        self._default: Stash[Any] = DictionaryStash() if default is None else default
        self._caches: dict[str, Stash[Any]] = {}

    @property
    def default(self) -> Stash[Any]:
        """The cache that is always there."""
        return self._default

    def create_cache(
        self, name: str, ttl: float | None = None, stash: Stash[Any] | None = None
    ) -> Stash[Any]:
        """Make a cache, or register a stash as one.

        :param name: what to call it: any text that is not empty

        :param ttl: how many seconds its values live; for ever by default

        :param stash: what keeps the values; a new :class:`.DictionaryStash` by
                      default

        :return: the cache: ``stash`` itself, or with ``ttl`` an
                 :class:`.ExpiringStash` that keeps its values there

        :raises PersistableError: if there is one of that name already, the name can't
                                  be used, or ``ttl`` is not positive

        """
        _check_name(name)
        if ttl is not None and not ttl > 0:
            raise PersistableError(
                f"Time to live of cache {name!r} must be positive seconds, not {ttl}"
            )
        cache: Stash[Any] = DictionaryStash() if stash is None else stash
        if ttl is not None:
            cache = ExpiringStash(cache, ttl)
        with self._lock:
            if name == DEFAULT or name in self._caches:
                raise PersistableError(
                    f"There is a cache {name!r} already: use get_cache({name!r}), or "
                    "choose another name"
                )
            self._caches[name] = cache
        return cache

    def delete_cache(self, name: str) -> None:
        """Remove a cache from this store.  Its values are gone with it if they are
        nowhere else; a stash that was registered keeps its own.

        :param name: the cache's

        :raises UnknownCacheError: if there is none of that name

        :raises PersistableError: if it is the default one

        """
        if name == DEFAULT:
            raise PersistableError(
                "Can't delete the default cache: store.default.clear() empties it"
            )
        with self._lock:
            if name not in self._caches:
                raise self._unknown(name)
            del self._caches[name]

    def list_caches(self) -> list[str]:
        """Return the names of the caches in order, without the default one."""
        with self._lock:
            return sorted(self._caches)

    def get_cache(self, name: str) -> Stash[Any]:
        """Return a cache.

        :param name: the cache's, or ``default``

        :raises UnknownCacheError: if there is none of that name

        """
        if name == DEFAULT:
            return self._default
        with self._lock:
            if name not in self._caches:
                raise self._unknown(name)
            return self._caches[name]

    def _unknown(self, name: object) -> UnknownCacheError:
        names = sorted(self._caches)
        hint = f"make it with create_cache({name!r})"
        if isinstance(name, str) and (close := get_close_matches(name, names, 1)):
            hint = f"did you mean {close[0]!r}?"
        there = f"{len(names)} others" if names else "none but the default one"
        return UnknownCacheError(
            f"No cache {name!r} in the store, which has {there}: {hint}"
        )

    def __getitem__(self, name: str) -> Stash[Any]:
        return self.get_cache(name)

    def __contains__(self, name: object) -> bool:
        with self._lock:
            return name == DEFAULT or name in self._caches

    def __iter__(self) -> Iterator[str]:
        return iter(self.list_caches())

    def __len__(self) -> int:
        with self._lock:
            return len(self._caches)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.list_caches()})"


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise PersistableError(f"A cache can't be called {name!r}: give it some text")
    try:
        name.encode()
    except UnicodeEncodeError as e:
        raise PersistableError(
            f"A cache can't be called {name!r}, which is not Unicode: {e.reason}"
        ) from None

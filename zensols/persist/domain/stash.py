"""The contract of all stashes."""

from __future__ import annotations

import logging
import re
from abc import ABCMeta, abstractmethod
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, TypeVar

from ..error import PersistableError
from ..missing import MISSING
from .batch import BatchGate
from .chunks import chunks
from .keys import require_key, snapshot
from .lock import stash_lock
from .mapping import StashMapping
from .reach import Reach
from .url import StashURL

__all__ = ["Stash", "V", "require_key"]

logger = logging.getLogger(__name__)

V = TypeVar("V")
"""The type of a stash's values."""


class Stash(Generic[V], metaclass=ABCMeta):
    """Maps string keys to objects.

    A subclass implements :meth:`load`, :meth:`dump`, :meth:`delete` and
    :meth:`keys`, and preferably :meth:`exists`, which otherwise scans the keys.

    * :meth:`load` creates the value by the stash's own means, if it has any, and
      may do that work again;
    * :meth:`get` and ``[]`` prefer what is already there;
    * None is a value: ``[]`` raises :class:`KeyError`, and :meth:`get` returns
      its default, only for a key that is absent;
    * iterating yields pairs of keys and values, lazily.

    What a stash guarantees to threads and processes is stated by its class.

    >>> from zensols.persist import DictionaryStash
    >>> stash = DictionaryStash()
    >>> stash["a"] = None
    >>> stash["a"], "a" in stash, stash.get("b", "none"), len(stash)
    (None, True, 'none', 1)
    >>> list(stash)
    [('a', None)]

    """

    @abstractmethod
    def load(self, name: str) -> V | None:
        """Return the value of a key, creating it if this stash can.

        :param name: the key

        :return: the value, or None if there is none

        """

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a key, or a default.

        :param name: the key

        :param default: returned if the key is absent

        """
        if self.exists(name):
            value = self.load(name)
            # It may have been deleted in between.
            if value is not None or self.exists(name):
                return value
        return default

    def exists(self, name: str) -> bool:
        """Return whether there is a key, without loading its value.

        :param name: the key

        """
        return name in self.keys()

    @abstractmethod
    def dump(self, name: str, inst: V) -> None:
        """Store a value, replacing the one that is there.

        :param name: the key

        :param inst: the value

        """

    @abstractmethod
    def delete(self, name: str | None = None) -> None:
        """Delete the value of a key, if there is one.

        :param name: the key

        :raises PersistableError: if no key is given

        """

    def clear(self) -> None:
        """Delete all values."""
        for key in list(self.keys()):
            self.delete(key)

    @abstractmethod
    def keys(self) -> Iterable[str]:
        """Return the keys."""

    def key_groups(self, n: int) -> Iterable[list[str]]:
        """Return the keys in lists.

        :param n: how many keys each list has, the last one excepted

        """
        return chunks(self.keys(), n)

    def values(self) -> Iterator[V]:
        """Return the values, one at a time."""
        return (value for _, value in self.items())

    def items(self) -> Iterator[tuple[str, V]]:
        """Return pairs of keys and values, one at a time.  A key that is deleted
        meanwhile is left out.

        """
        cls = type(self)
        # Asking whether each key exists is quadratic where that scans the keys.
        scans = cls.exists is Stash.exists and cls.get is Stash.get
        for key in snapshot(self.keys()):
            value: Any = self.load(key) if scans else None
            if value is None:
                value = self.get(key, MISSING)
            if value is not MISSING:
                yield key, value

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, V]]:
        """Return pairs of keys and values, lazily and in the order of the keys,
        leaving out absent ones.  Databases are asked for many at once.

        :param names: the keys

        """
        for name in names:
            value: Any = self.get(name, MISSING)
            if value is not MISSING:
                yield name, value

    def dump_many(self, items: Iterable[tuple[str, V]]) -> None:
        """Store many values, in databases many at once.  If that fails, some may
        have been stored, each as a whole.

        :param items: pairs of keys and values

        """
        with self.batch():
            for name, value in items:
                self.dump(name, value)

    def batch(self) -> AbstractContextManager[None]:
        """Return what makes one of all that this thread writes in a ``with`` block, as
        :meth:`dump_many` does: :meth:`frozen` shows all of it or nothing.  Others see
        each value at once, and it isn't taken back if the block fails.

        >>> from zensols.persist import DictionaryStash
        >>> stash = DictionaryStash()
        >>> with stash.batch():
        ...     stash["from"], stash["to"] = 0, 10

        """
        return self.batch_gate().passing()

    @contextmanager
    def frozen(self, timeout: float | None = None) -> Iterator[Stash[V]]:
        """Show this stash, to be read while a ``with`` block runs, as it is between
        batches.  Databases with transactions show it as it is now, and go on;
        elsewhere those who write batches wait for the end, and single values may
        change.

        :param timeout: how many seconds to wait for batches to end, if not for ever

        :raises LockTimeoutError: on entering, if one takes longer

        """
        with self.batch_gate().shut(timeout):
            yield self

    def batch_gate(self) -> BatchGate:
        """Return what batches pass, and is shut while the stash is frozen."""
        return BatchGate(self, "batches")

    def delete_many(self, names: Iterable[str]) -> None:
        """Delete the values of many keys, those that there are.

        :param names: the keys

        """
        for name in names:
            self.delete(name)

    @property
    def url(self) -> StashURL:
        """The URL with which :func:`.open_stash` opens this store.  Its text shows
        no password.

        :raises PersistableError: if there is none

        """
        raise PersistableError(f"A {type(self).__name__} has no URL")

    @property
    def reach(self) -> Reach:
        """From where a pickled copy of this stash reads and writes the same items.
        Only from this process unless its class knows of more.

        """
        return Reach.PROCESS

    def beside(self, name: str) -> Stash[Any] | None:
        """Return a stash for bookkeeping on this one, such as what is yet to be
        made.  It keeps what JSON can, in the same place and as durably as this one
        keeps its items, with which it is pickled and shared; but it is never among
        them, and isn't cleared with them.  It is made when first written to.

        :param name: tells it from others beside this stash: up to 30 small
                     letters of ASCII, and hyphens

        :return: the stash, for this call's caller to close if it can be closed,
                 or None if this stash has no place for one

        :raises PersistableError: if the name is another one

        """
        if re.fullmatch("[a-z-]{1,30}", name) is None:
            raise PersistableError(
                f"Wrong name {name!r} of a stash beside a {type(self).__name__}: use "
                "up to 30 small letters of ASCII, and hyphens"
            )
        return self._make_beside(name)

    def _make_beside(self, name: str) -> Stash[Any] | None:
        return None

    def as_mapping(self) -> MutableMapping[str, V]:
        """Return a view of this stash for code that expects a dictionary."""
        return StashMapping(self)

    def lock(
        self, key: str, timeout: float | None = None
    ) -> AbstractContextManager[None]:
        """Return a re-entrant lock on a key.  This one excludes the threads that
        use this object; stashes that processes share exclude those too.

        :param key: the key

        :param timeout: how many seconds to wait for it; by default for ever

        :raises LockTimeoutError: on entering, if another owner keeps it longer

        """
        return stash_lock(self, str(key), timeout)

    def _debug(self, msg: str) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("[%s] %s", type(self).__name__, msg)

    def __getitem__(self, key: str) -> V:
        value: Any = self.get(key, MISSING)
        # Some override get() without regard to its default.
        if value is MISSING or (value is None and not self.exists(key)):
            raise KeyError(key)
        return value  # type: ignore[no-any-return]  # the sentinel widens it

    def __setitem__(self, key: str, value: V) -> None:
        self.dump(key, value)

    def __delitem__(self, key: str) -> None:
        if not self.exists(key):
            raise KeyError(key)
        self.delete(key)

    def __contains__(self, key: object) -> bool:
        return self.exists(key)  # type: ignore[arg-type]  # any object can be asked for

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return iter(self.items())

    def __len__(self) -> int:
        keys = self.keys()
        try:
            return len(keys)  # type: ignore[arg-type]  # some are sized
        except TypeError:
            return sum(1 for _ in keys)

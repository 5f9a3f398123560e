"""A stash the values of which expire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic

from ..domain import DelegateStash, Stash, StashURL, V
from ..error import PersistableError
from ..missing import MISSING

__all__ = ["Expiring", "ExpiringStash"]


@dataclass(frozen=True)
class Expiring(Generic[V]):
    """A value and when it expires: what an :class:`.ExpiringStash` keeps in its
    delegate.

    >>> Expiring("a", deadline=60.0).value
    'a'

    """

    value: V
    """The value."""

    deadline: float | None
    """When it expires, in seconds on the stash's clock; None means never."""


@dataclass
class ExpiringStash(DelegateStash[V], Generic[V]):
    """Keeps each value in another stash for a limited time, after which it is as
    if it was not there.  Expired values are removed when they are met with.

    The deadline is kept with the value, so it holds for other processes and
    after a restart.  Hence finding out whether a key exists loads its value.
    What the delegate had before has no deadline.

    As safe with threads and processes as its delegate.  A pickle or copy of
    this goes by the system's clock if its own can't be pickled.

    >>> from zensols.persist import DictionaryStash
    >>> now = 0.0
    >>> stash = ExpiringStash(DictionaryStash(), ttl=60, clock=lambda: now)
    >>> stash["a"] = 1
    >>> stash.dump_for("b", 2, ttl=None)
    >>> now = 60.0
    >>> dict(stash)
    {'b': 2}

    """

    delegate: Stash[Any]
    """Keeps the values, each in an :class:`.Expiring`."""

    ttl: float | None
    """How many seconds a value lives by default; None means for ever."""

    clock: Callable[[], float] = field(default=time.time, kw_only=True)
    """Returns the time in seconds."""

    @property
    def url(self) -> StashURL:
        ttl = None if self.ttl is None else f"{self.ttl:g}"
        return self.delegate.url.extended({"ttl": ttl})

    def __getstate__(self) -> dict[str, Any]:
        import pickle

        state = self.__dict__.copy()
        try:
            pickle.dumps(self.clock)
        except Exception:  # noqa: BLE001  objects refuse with any error
            del state["clock"]
        return state

    def _is_expired(self, entry: Any) -> bool:
        return (
            isinstance(entry, Expiring)
            and entry.deadline is not None
            and entry.deadline <= self.clock()
        )

    def _live(self, name: str) -> Any:
        return self._live_value(name, self.delegate.get(name, MISSING))

    def _live_value(self, name: str, entry: Any) -> Any:
        if not self._is_expired(entry):
            return entry.value if isinstance(entry, Expiring) else entry
        # Whoever has the lock is about to store something newer.
        with suppress(PersistableError):
            self._remove_expired(name, timeout=0)
        return MISSING

    def _remove_expired(self, name: str, timeout: float | None = None) -> bool:
        with self.lock(name, timeout):
            expired = self._is_expired(self.delegate.get(name, MISSING))
            if expired:
                self.delegate.delete(name)
        return expired

    def load(self, name: str) -> V | None:
        value: V | None = self.get(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        value = self._live(name)
        return default if value is MISSING else value

    def exists(self, name: str) -> bool:
        return self._live(name) is not MISSING

    def dump(self, name: str, inst: V) -> None:
        self.dump_for(name, inst, self.ttl)

    def dump_for(self, name: str, inst: V, ttl: float | None) -> None:
        """Store a value with a time to live of its own.

        :param name: the key

        :param inst: the value

        :param ttl: how many seconds it lives; None means for ever

        :raises PersistableError: if that is not positive

        """
        if ttl is not None and not ttl > 0:
            raise PersistableError(
                f"Time to live of {name!r} must be positive seconds, not {ttl}"
            )
        with self.lock(name):
            deadline = None if ttl is None else self.clock() + ttl
            self.delegate.dump(name, Expiring(inst, deadline))

    def keys(self) -> Iterator[str]:
        """Return the keys of values that have not expired, of those there are
        when this begins.

        """
        return (key for key, _ in self.items())

    def items(self) -> Iterator[tuple[str, V]]:
        # Removing what has expired mustn't disturb a view of a dictionary.
        return self.load_many(list(self.delegate.keys()))

    def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, V]]:
        if not self._inherits(ExpiringStash, "load", "get"):
            yield from super().load_many(names)
            return
        for name, entry in self.delegate.load_many(names):
            value = self._live_value(name, entry)
            if value is not MISSING:
                yield name, value

    def purge(self) -> int:
        """Remove what has expired.

        :return: how many values that were

        """
        return sum(map(self._remove_expired, list(self.delegate.keys())))

"""Stashes that keep what another one creates."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic

from ..missing import MISSING
from .keys import UnionKeys
from .preemptive import PreemptiveStash
from .readonly import ReadOnlyStash
from .stash import Stash, V

__all__ = ["CacheFactoryStash", "FactoryStash"]


@dataclass
class FactoryStash(PreemptiveStash[V], Generic[V]):
    """Creates values with a factory stash, once, and keeps them in its delegate.

    Threads that ask for one absent value wait for one creation; so do processes,
    if the delegate's :meth:`~.Stash.lock` excludes these, as that of
    :class:`.DirectoryStash` does.

    >>> from zensols.persist import DictionaryStash, ReadOnlyStash
    >>> class Squares(ReadOnlyStash):
    ...     def load(self, name):
    ...         print("computing", name)
    ...         return int(name) ** 2
    ...     def keys(self):
    ...         return map(str, range(100))
    >>> stash = FactoryStash(DictionaryStash(), Squares())
    >>> stash["12"], stash["12"], len(stash)
    computing 12
    (144, 144, 100)

    """

    ATTR_EXP_META: ClassVar[tuple[str, ...]] = ("enable_preemptive",)

    factory: Stash[V]
    """Creates values when they are loaded from it."""

    enable_preemptive: bool = True
    """Whether ``has_data`` asks the delegate; if false, there never is data."""

    dump_factory_nones: bool = True
    """Whether to keep a value of None for a key that the factory has."""

    force_clear_factory: bool = False
    """Whether to clear the factory too even if it is a read-only stash."""

    once: bool = field(default=True, kw_only=True)
    """Whether others wait while one creates a value, rather than doing so
    too.
    """

    def _calculate_has_data(self) -> bool:
        return self.enable_preemptive and super()._calculate_has_data()

    def load(self, name: str) -> V | None:
        """Return the delegate's value of a key, or create and keep it.

        :param name: the key

        :return: the value, or None if the factory has none

        :raises Exception: what the factory raises, with the key as a note

        """
        value = self._load_stored(name)
        if value is MISSING:
            with self.lock(name) if self.once else nullcontext():
                value = self._load_stored(name) if self.once else value
                if value is MISSING:
                    value = self._create(name)
        return value  # type: ignore[no-any-return]  # the sentinel widens it

    def _load_stored(self, name: str) -> Any:
        value = self.delegate.load(name)
        return self.delegate.get(name, MISSING) if value is None else value

    def _create(self, name: str) -> V | None:
        try:
            value = self.factory.load(name)
        except Exception as e:
            e.add_note(f"while creating the value of key {name!r}")
            raise
        if value is not None or (self.dump_factory_nones and self.factory.exists(name)):
            self.delegate.dump(name, value)  # type: ignore[arg-type]  # V may include None
            self._reset_has_data()
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a key as :meth:`load` does, or a default.

        :param name: the key

        :param default: returned if neither the delegate nor the factory has it

        """
        value = self.load(name)
        if value is None and not self.factory.exists(name):
            return self.delegate.get(name, default)
        return value

    def exists(self, name: str) -> bool:
        return super().exists(name) or self.factory.exists(name)

    def keys(self) -> Iterable[str]:
        """Return the keys of the factory, and those that only the delegate
        has.

        """
        return UnionKeys((self.factory.keys, self.delegate.keys))

    def clear(self) -> None:
        """Clear the delegate, and the factory if it can be written to or
        :attr:`force_clear_factory` is set.

        """
        super().clear()
        if self.force_clear_factory or not isinstance(self.factory, ReadOnlyStash):
            self.factory.clear()


@dataclass
class CacheFactoryStash(FactoryStash[V], Generic[V]):
    """A :class:`.FactoryStash` the keys of which are the factory's, its delegate
    being only a cache.

    >>> from zensols.persist import DictionaryStash
    >>> stash = CacheFactoryStash(
    ...     DictionaryStash({"old": 0}), DictionaryStash({"a": 1}))
    >>> dict(stash)
    {'a': 1}

    """

    dump_factory_nones: bool = False
    """Whether to keep a value of None for a key that the factory has."""

    def exists(self, name: str) -> bool:
        return self.factory.exists(name)

    def keys(self) -> Iterable[str]:
        return UnionKeys((self.factory.keys,))

"""Stashes with work to do before they are first read."""

from __future__ import annotations

import logging
import threading
from abc import ABCMeta
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic

from .delegate import DelegateStash
from .preemptive import PreemptiveStash
from .stash import Stash, V

__all__ = ["PrimablePreemptiveStash", "Primeable", "PrimeableStash"]

logger = logging.getLogger(__name__)


class Primeable(metaclass=ABCMeta):  # noqa: B024 - its metaclass is what clients combine with
    """Anything that does work before it is first used.

    >>> Primeable().prime()

    """

    def prime(self) -> None:
        """Do the work, unless it is done.  Called often, so it has to be quick
        once it is.  Subclasses call this one too.

        """
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("priming %s", type(self).__name__)


class _Priming(threading.local):
    def __init__(self) -> None:
        self.stashes: set[int] = set()


_priming = _Priming()


@dataclass
class PrimeableStash(Stash[V], Primeable, Generic[V]):
    """Calls :meth:`prime` before it is read.

    As safe with threads and processes as its ``prime``.

    >>> from zensols.persist import DictionaryStash
    >>> @dataclass
    ... class Filled(PrimeableStash, DictionaryStash):
    ...     def prime(self):
    ...         self.data.setdefault("a", 1)
    >>> dict(Filled())
    {'a': 1}

    """

    def prime(self) -> None:
        """Prime the delegate too, if there is one that can be."""
        if isinstance(self, DelegateStash) and isinstance(
            self.delegate, PrimeableStash
        ):
            self.delegate.prime()
        super().prime()

    def _prime_first(self) -> None:
        # Priming may read what it has made so far.
        key = id(self)
        if key not in _priming.stashes:
            _priming.stashes.add(key)
            try:
                self.prime()
            finally:
                _priming.stashes.discard(key)

    def get(self, name: str, default: Any = None) -> Any:
        self._prime_first()
        return super().get(name, default)

    def load(self, name: str) -> V | None:
        self._prime_first()
        return super().load(name)  # type: ignore[safe-super]  # of the next base

    def exists(self, name: str) -> bool:
        self._prime_first()
        return super().exists(name)

    def keys(self) -> Iterable[str]:
        self._prime_first()
        return super().keys()  # type: ignore[safe-super]  # of the next base


@dataclass
class PrimablePreemptiveStash(PrimeableStash[V], PreemptiveStash[V], Generic[V]):
    """Calls :meth:`prime` before it is read, and knows whether that made data.

    >>> from zensols.persist import DictionaryStash
    >>> class Filled(PrimablePreemptiveStash):
    ...     def prime(self):
    ...         if not self.has_data:
    ...             self.dump("a", 1)
    >>> dict(Filled(DictionaryStash()))
    {'a': 1}

    """

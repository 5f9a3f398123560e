"""The chains of the applications that were saved last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from .chain import Chain

__all__ = ["Chains"]

_MOST_BYTES: Final = 1 << 26


class Chains:
    """Remembers chains, so that saving a state need not load the one before; those
    that take the most recent 64 MiB.

    Safe to use from many threads.

    >>> chains = Chains()
    >>> chains.put((None, "app"), Chain())
    >>> chains.get((None, "app")) is None, chains.get((None, "other")) is None
    (False, True)

    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """
        :param most_bytes: how many bytes of states to remember

        """
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._chains: OrderedDict[tuple[str | None, str], Chain] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str | None, str]) -> Chain | None:
        """Return the chain of a partition's application, if it is remembered."""
        return self._chains.get(key)

    def put(self, key: tuple[str | None, str], chain: Chain) -> None:
        """Remember a chain."""
        with self._lock:
            self._remove(key)
            self._chains[key] = chain
            self._bytes += chain.size
            while self._bytes > self._most_bytes and len(self._chains) > 1:
                self._remove(next(iter(self._chains)))

    def drop(self, key: tuple[str | None, str]) -> None:
        """Forget a chain."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: tuple[str | None, str]) -> None:
        chain = self._chains.pop(key, None)
        if chain is not None:
            self._bytes -= chain.size

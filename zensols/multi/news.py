"""Tell other threads what has been stored."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["News"]

_AHEAD: Final = 10_000
"""How many keys wait for a reader before the writer does."""


class News:
    """Tells threads which keys have been stored, and when that ends.

    Safe to use from many threads.

    >>> news = News()
    >>> with news.reading() as keys:
    ...     news.tell(["a", "b"])
    ...     news.end()
    ...     list(keys)
    ['a', 'b']

    """

    def __init__(self) -> None:
        self.has_ended = False
        """Whether nothing more is going to be told."""
        self._is_urgent = False
        self._changed = threading.Condition()
        self._readers: list[deque[str]] = []

    @contextmanager
    def reading(self) -> Iterator[Iterator[str]]:
        """Give an iterator of the keys that are told from now on, which waits for
        them.

        """
        reader: deque[str] = deque()
        with self._changed:
            self._readers.append(reader)
        try:
            yield self._read(reader)
        finally:
            with self._changed:
                # By identity: empty ones are equal.
                self._readers = [r for r in self._readers if r is not reader]
                self._changed.notify_all()

    def _read(self, reader: deque[str]) -> Iterator[str]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: reader or self.has_ended)
                if not reader:
                    break
                keys = list(reader)
                reader.clear()
                self._changed.notify_all()
            yield from keys

    def tell(self, keys: Iterable[str]) -> None:
        """Tell that keys have been stored, when no reader has too many to read.

        :param keys: the keys

        """
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._is_urgent or all(len(r) < _AHEAD for r in self._readers)
            )
            told = list(keys)
            for reader in self._readers:
                reader.extend(told)

    def hasten(self) -> None:
        """Wait for no reader any more."""
        with self._changed:
            self._is_urgent = True
            self._changed.notify_all()

    def end(self) -> None:
        """Tell that there is nothing more to come."""
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, which is looked at each time that there is
        news, or there are no more.

        :param condition: the condition

        """
        with self._changed:
            self._changed.wait_for(lambda: self.has_ended or condition())

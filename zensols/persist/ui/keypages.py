"""Pages of keys, of which there may be more than fit into memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from threading import Lock
from typing import Final

__all__ = ["PAGE", "KeyPages"]

PAGE: Final = 50
"""How many keys a page has."""

_HELD: Final = 400


class KeyPages:
    """Any page of the keys that an iterator gives, of which only the pages that were
    asked for last are held.  To go back further than these starts from the beginning.

    Safe to use from many threads.

    >>> pages = KeyPages(lambda: map(str, range(1_000_000)), size=3)
    >>> pages.page(0), pages.page(2)
    (['0', '1', '2'], ['6', '7', '8'])

    """

    def __init__(
        self, keys: Callable[[], Iterable[str]], size: int = PAGE, held: int = _HELD
    ) -> None:
        """
        :param keys: returns the keys, in the same order each time

        :param size: how many keys a page has

        :param held: how many pages are held

        """
        self._keys = keys
        self._size = size
        self._held = held
        self._lock = Lock()
        self._pages: OrderedDict[int, list[str]] = OrderedDict()
        self._iterator: Iterator[str] | None = None
        self._next = 0
        self.count: int | None = None
        """How many keys there are, None until the last of them was seen."""

    def page(self, number: int) -> list[str]:
        """Return a page, which is empty behind the last one.

        :param number: the number of the page, from 0

        """
        with self._lock:
            if number not in self._pages:
                self._read_to(number)
            page = self._pages.get(number, [])
            if page:
                self._pages.move_to_end(number)
            return page

    def _read_to(self, number: int) -> None:
        if self.count is not None and number * self._size >= self.count:
            return
        if self._iterator is None or number < self._next:
            self._iterator = iter(self._keys())
            self._next = 0
        while self._next <= number:
            try:
                page = list(islice(self._iterator, self._size))
            except BaseException:
                # A generator that raised looks as if it had come to its end.
                self._iterator = None
                raise
            if page:
                self._pages[self._next] = page
            if len(self._pages) > self._held:
                self._pages.popitem(last=False)
            if len(page) < self._size:
                self.count = self._next * self._size + len(page)
                # The next one that asks starts anew.
                self._iterator = None
                return
            self._next += 1

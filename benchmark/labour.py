"""What workers do in the benchmark: items of a millisecond and others, stored by our
stash or by functions for others' executors.

"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from zensols.multi import MultiProcessStash
from zensols.persist import Stash, open_stash

__all__ = [
    "Do",
    "Labour",
    "even",
    "last",
    "nap",
    "nothing",
    "scattered",
    "store_all",
    "store_one",
]

_SECONDS = 0.001
_HARD_SECONDS = 0.05
_IN = 100
"""In how many items there is a hard one."""

Do = Callable[[int], object]
"""Works on an item, which is a number."""


def nothing(_item: int) -> None:
    """Take no time."""


def nap(_item: int) -> None:
    """Take 50 ms, and no core."""
    time.sleep(_HARD_SECONDS)


def even(_item: int) -> None:
    """Take a millisecond of a core."""
    _spend(_SECONDS)


def scattered(item: int) -> None:
    """Take a millisecond of a core, and 50 for about one item in a hundred.

    :param item: seeds the choice, which is the same each time

    """
    _spend(_HARD_SECONDS if random.Random(item).randrange(_IN) == 0 else _SECONDS)


def last(count: int, item: int) -> None:
    """Take a millisecond of a core, and 50 for the last hundredth of the items.

    :param count: how many there are

    :param item: its number

    """
    _spend(_HARD_SECONDS if item >= count - count // _IN else _SECONDS)


def _spend(seconds: float) -> None:
    # By the clock on the wall, the core's work for the parent process would count as
    # the worker's own.
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


class Labour(MultiProcessStash[int]):
    """Works on numbers from 0 on, and stores them."""

    def __init__(
        self, delegate: Stash[int], do: Do, count: int, **options: Any
    ) -> None:
        """
        :param delegate: where to

        :param do: works on one

        :param count: how many there are

        :param options: those of the stash

        """
        super().__init__(delegate, show_progress=False, **options)
        self.do = do
        self.count = count

    def _create_data(self) -> Iterable[int]:
        return range(self.count)

    def _process(self, chunk: list[int]) -> Iterator[tuple[str, int]]:
        for item in chunk:
            self.do(item)
            yield str(item), item


@lru_cache(1)
def _delegate(url: str) -> Stash[Any]:
    return open_stash(url)


def store_one(url: str, do: Do, item: int) -> None:
    """Work on an item and store it, as a worker of another executor.

    :param url: that of the stash

    :param do: works on it

    :param item: a number

    """
    do(item)
    _delegate(url).dump(str(item), item)


def store_all(url: str, do: Do, items: Iterable[int]) -> None:
    """Work on items and store them, as :func:`store_one` does."""
    for item in items:
        store_one(url, do, item)

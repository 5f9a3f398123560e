"""How many items make up a chunk."""

from __future__ import annotations

from typing import Final

__all__ = ["Sizer"]

_SECONDS: Final = 0.2
"""How long an automatic chunk should take: a thousand times what it takes to send
one, and short enough for the last ones to end together.
"""
_LEAST_SECONDS: Final = 0.01
"""How long an automatic chunk should take at least, in the end: sending smaller ones
takes longer than waiting for one.
"""
_GROWTH: Final = 4
_MOST: Final = 2048


class Sizer:
    """Tells how many items the next chunk has, either as many as asked for, or as
    many as take a fifth of a second, by what the ones before took.

    That is guided self-scheduling (Polychronopoulos and Kuck, 1987,
    doi:10.1109/TC.1987.5009495) with bounds on the time: an even split of uneven
    work leaves most workers waiting for one.

    For one thread.

    >>> sizer = Sizer(0, workers=2)
    >>> sizer.next(None)
    1
    >>> sizer.learn(items=1, seconds=0.1)
    >>> sizer.next(None), sizer.next(left=4)
    (2, 1)

    """

    def __init__(self, chunk_size: int, workers: int) -> None:
        """
        :param chunk_size: how many items each chunk has; 0 finds out

        :param workers: how many work at the same time

        """
        self._fixed = chunk_size
        self._workers = workers
        self._last = 1
        self._least = 1
        self._items = 0
        self._seconds = 0.0

    def learn(self, items: int, seconds: float) -> None:
        """Take account of a finished chunk.

        :param items: how many items it had

        :param seconds: how long it took a worker

        """
        self._items += items
        self._seconds += seconds
        if self._items:
            rate = self._items / max(self._seconds, 1e-9)
            fitting = _SECONDS * rate
            # Little is known from few items, which may have been easy ones.
            self._last = int(max(1, min(fitting, _GROWTH * self._items, _MOST)))
            self._least = int(max(1, _LEAST_SECONDS * rate))

    def next(self, left: int | None) -> int:
        """Return how many items the next chunk has.

        :param left: how many items there still are, if that is known

        """
        if self._fixed > 0:
            return self._fixed
        if left is None:
            return self._last
        # So that each worker has some until the end.
        return min(self._last, max(self._least, left // (2 * self._workers)))

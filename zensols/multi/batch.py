"""Items that a worker gets together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import monotonic
from typing import Any

from .error import ItemTimeoutError, MultiProcessError, WorkerDiedError
from .failure import describe_item

__all__ = ["Batch"]


@dataclass
class Batch:
    """Items to work on together, and what they have been through.

    >>> batch = Batch(["a", "b", "c"], [b"1", b"2", b"3"])
    >>> [half.items for half in batch.split()]
    [['a'], ['b', 'c']]

    """

    items: list[Any]
    digests: list[bytes]
    tries: int = 0
    """How often its only item has failed."""
    deaths: int = 0
    """How often its worker died while no other was at work."""
    due: float = 0.0
    """Not to be tried before."""
    overdue: float = math.inf
    """From when on its worker has taken too long."""

    @property
    def is_overdue(self) -> bool:
        """Whether its worker has taken too long."""
        return monotonic() > self.overdue

    def split(self) -> tuple[Batch, Batch]:
        """Return its halves."""
        half = len(self.items) // 2
        return (
            Batch(self.items[:half], self.digests[:half]),
            Batch(self.items[half:], self.digests[half:]),
        )

    def only(self, place: int) -> Batch:
        """Return one of its items."""
        return Batch([self.items[place]], [self.digests[place]], self.tries)

    def died_of(self, item_timeout: float | None) -> MultiProcessError:
        """Return what became of its only item, whose worker died.

        :param item_timeout: how many seconds it might take, if it took longer

        """
        what = describe_item(self.items[0])
        if item_timeout is not None:
            return ItemTimeoutError(
                f"Item {what} took more than {item_timeout:g} seconds and could not be "
                f"interrupted; its worker was killed"
            )
        times = "once" if self.deaths == 1 else f"{self.deaths} times"
        return WorkerDiedError(
            f"The worker of item {what} died {times}: it was killed, as for lack of "
            f"memory, crashed or left the program; look at what the item needs, or "
            f"leave it out"
        )

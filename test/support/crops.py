"""A stash for workers on a cluster, which import it from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from zensols.multi import MultiProcessStash

COUNT = 60


class Squares(MultiProcessStash[int]):
    """Squares of numbers, each after some work."""

    def _create_data(self) -> Iterable[int]:
        return range(COUNT)

    def _process(self, chunk: list[Any]) -> Iterator[tuple[str, int]]:
        for number in chunk:
            sum(range(300_000))
            yield str(number), number**2

"""Cutting an iterable in lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

__all__ = ["chunks"]

T = TypeVar("T")


class chunks(Generic[T]):  # noqa: N801  the name that clients import
    """Cuts an iterable in lists, taking no more from it than is asked for.

    >>> list(chunks(range(5), 2))
    [[0, 1], [2, 3], [4]]
    >>> list(chunks("abc", 2, enum=True))
    [[(0, 'a'), (1, 'b')], [(0, 'c')]]

    """

    def __init__(self, iterable: Iterable[T], size: int, enum: bool = False) -> None:
        """
        :param iterable: what to cut

        :param size: how many items each list has, the last one excepted

        :param enum: whether to pair each item with its index in the list

        :raises ValueError: if the size is not positive

        """
        if size <= 0:
            raise ValueError(f"Size of chunks must be positive: {size}")
        self.iterable = iterable
        self.size = size
        self.enum = enum
        self._iterator: Iterator[list[Any]] | None = None

    def __iter__(self) -> Iterator[list[Any]]:
        source = iter(self.iterable)
        while chunk := list(islice(source, self.size)):
            yield list(enumerate(chunk)) if self.enum else chunk

    def __next__(self) -> list[Any]:
        if self._iterator is None:
            self._iterator = iter(self)
        return next(self._iterator)

"""Sorting more than fits in memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, Final, Self

from ..domain import chunks

__all__ = ["Record", "Sorted"]

Record = tuple[bytes, bytes]
"""What is sorted: a key, and what goes with it."""

_IN_MEMORY: Final = 250_000
_BLOCK: Final = 1000


class Sorted:
    """Records in the order of their keys' bytes, none of which are there twice.
    Beyond 250,000 of them, the rest is in temporary files while the ``with`` block
    runs (external merge sort, D. Knuth, The Art of Computer Programming 3, 5.4).

    For one thread.

    >>> with Sorted([(b"b", b""), (b"a", b""), (b"b", b"")]) as ordered:
    ...     [key for key, _ in ordered], ordered.count
    ([b'a', b'b'], 3)

    """

    def __init__(self, records: Iterable[Record], in_memory: int = _IN_MEMORY) -> None:
        """
        :param records: what to sort

        :param in_memory: how many are sorted at once

        """
        self._records = records
        self._in_memory = in_memory
        self._stack = ExitStack()
        self.count = 0
        """How many there are; those that are there twice count twice."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            files: list[IO[bytes]] = []
            self._last: list[Record] = []
            for some in chunks(self._records, self._in_memory):
                if self._last:
                    file = stack.enter_context(TemporaryFile())
                    _spill(file, self._last)
                    files.append(file)
                some.sort()
                self._last = some
                self.count += len(some)
            self._files = files
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._last = []
        self._stack.close()

    def __iter__(self) -> Iterator[Record]:
        ordered: Iterable[Record] = self._last
        if self._files:
            ordered = heapq.merge(*map(_read, self._files), self._last)
        before: bytes | None = None
        for record in ordered:
            if record[0] != before:
                before = record[0]
                yield record


def _spill(file: IO[bytes], records: list[Record]) -> None:
    from msgspec.msgpack import Encoder

    encode = Encoder().encode
    for block in chunks(records, _BLOCK):
        data = encode(block)
        file.write(len(data).to_bytes(8, "little") + data)


def _read(file: IO[bytes]) -> Iterator[Record]:
    from msgspec.msgpack import Decoder

    decode = Decoder(list[Record]).decode
    file.seek(0)
    while front := file.read(8):
        yield from decode(file.read(int.from_bytes(front, "little")))

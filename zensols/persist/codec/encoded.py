"""Entries that are ready to be written."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from .entry import READ_ONLY, ROW, Buffer, align

__all__ = ["Encoded", "checksum", "seal_front"]

_SLICE: Final = 1 << 22

Seal = Callable[[Sequence[int], Sequence[int]], bytes]
"""Makes the front of an entry from its buffers' checksums and offsets."""


class Encoded:
    """An entry ready to be written: the front, and buffers that are written
    from where they are, without being joined.

    Use one object in one thread, and only while the value that it was made of
    does not change.

    >>> from zensols.persist.codec import JsonCodec
    >>> encoded = JsonCodec().encode("value")
    >>> encoded.size == len(bytes(encoded))
    True

    """

    offsets: list[int]
    """Where each buffer begins, if there are any."""

    parts: list[Buffer]
    """The entry without its buffers, in writing order."""

    __slots__ = ("_seal", "buffers", "offsets", "parts")

    def __init__(
        self,
        front: bytes,
        body: bytes | None = None,
        buffers: Sequence[memoryview] = (),
        seal: Seal | None = None,
    ) -> None:
        """
        :param front: the entry up to its body, or the whole entry

        :param body: what follows it where it is too large to be joined

        :param buffers: what follows the body, each aligned

        :param seal: makes the final front, of the same length; needed where
                     there are buffers

        """
        self.parts = [front] if body is None else [front, body]
        self.buffers = buffers
        if buffers:
            self._seal = seal
            self.offsets = []
            place = sum(map(len, self.parts))
            for buffer in buffers:
                place = align(place)
                self.offsets.append(place)
                place += buffer.nbytes

    @property
    def size(self) -> int:
        """The size of the whole entry in bytes."""
        if self.buffers:
            return self.offsets[-1] + self.buffers[-1].nbytes
        return sum(map(len, self.parts))

    def seal(self, checksums: Sequence[int]) -> None:
        """Complete the front.

        :param checksums: the CRC-32 of each buffer

        """
        if self.buffers and self._seal is not None:
            self.parts[0] = self._seal(checksums, self.offsets)

    def checksums(self) -> list[int]:
        """Compute the CRC-32 of each buffer."""
        return [checksum(buffer) for buffer in self.buffers]

    def whole(self) -> list[Buffer]:
        """Complete the entry and return all of it in writing order, its buffers
        and the padding between them included.

        """
        return list(self._whole()) if self.buffers else self.parts

    def _whole(self) -> Iterator[Buffer]:
        self.seal(self.checksums())
        place = 0
        for part in self.parts:
            yield part
            place += len(part)
        for offset, buffer in zip(self.offsets, self.buffers, strict=True):
            if offset != place:
                yield bytes(offset - place)
            yield buffer
            place = offset + buffer.nbytes

    def __bytes__(self) -> bytes:
        return b"".join(self.whole())


def checksum(buffer: Buffer, crc: int = 0) -> int:
    """Return the CRC-32 of a buffer.

    :param buffer: the bytes

    :param crc: the checksum of what precedes it

    """
    with memoryview(buffer) as view:
        for start in range(0, view.nbytes, _SLICE):
            crc = zlib.crc32(view[start : start + _SLICE], crc)
    return crc


def seal_front(
    tag: Any,
    head: bytes,
    middle: bytes,
    buffers: Sequence[memoryview],
    body: bytes,
    checksums: Sequence[int],
    offsets: Sequence[int],
) -> bytes:
    """Return the front of an entry with buffers, or with a large body.

    :param tag: a hash object that makes the tag

    :param head: what precedes the tag

    :param middle: the key and the metadata

    :param buffers: what follows the body

    :param body: the body

    :param checksums: the CRC-32 of each buffer

    :param offsets: where each buffer begins

    """
    rows = b"".join(
        ROW.pack(offset, b.nbytes, crc, READ_ONLY if b.readonly else 0)
        for offset, b, crc in zip(offsets, buffers, checksums, strict=True)
    )
    tag = tag.copy()
    for part in (head, middle, rows, body):
        tag.update(part)
    return b"".join((head, tag.digest(), middle, rows))

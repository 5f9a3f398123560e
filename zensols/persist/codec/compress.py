"""Compression around any codec.

What is compressed in an entry (header field *compression*) takes the place of
its body, and of the buffers that would follow it.  Decompressed it is, with
unsigned little-endian numbers:

======== =============== ====================================================
offset   size            what
======== =============== ====================================================
0        8               B, the length of the body
8        4               N, the number of buffers
12       9 × N           a row for each buffer: its length (8), and flags (1):
                         1 it was read-only
12+9×N   B               the body, as the codec made it
then                     the buffers, one after the other without padding
======== =============== ====================================================

The entry has no buffer table of its own then.  Its tag covers the compressed
bytes, so that nothing is decompressed that has not been verified.

What is around a codec that doesn't write entries, such as bare pickles, is a
plain zlib, zstd or lz4 frame stream of what that codec writes.

"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from struct import Struct
from typing import Any, ClassVar, Final, Literal

from ..error import CorruptDataError, PersistableError
from . import entry as e
from .base import Codec
from .encoded import Encoded
from .entry import Buffer
from .entrycodec import EntryCodec
from .info import describe
from .streams import compress, decompress

__all__ = ["CompressedCodec", "Method", "inflate", "inner_codec"]

Method = Literal["zlib", "zstd", "lz4"]
"""How to compress."""

FRAME: Final = Struct("<QI")
_ROW: Final = Struct("<QB")
_IDS: Final = {name: number for number, name in e.COMPRESSION_NAMES.items() if name}


class CompressedCodec(Codec):
    """Compresses what another codec writes.  It is only needed for writing: the
    other codec alone reads compressed entries, and this one reads those that are
    not, or otherwise, compressed.

    A compressed array can't be mapped.  Safe to share between threads and
    processes.

    >>> from zensols.persist.codec import JsonCodec, read_info
    >>> codec = CompressedCodec(JsonCodec())
    >>> entry = bytes(codec.encode(["again"] * 1000))
    >>> read_info(entry).compression, len(entry) < 300
    ('zlib', True)
    >>> JsonCodec().decode(entry) == ["again"] * 1000
    True

    """

    name: ClassVar[str] = "compressed"

    def __init__(
        self, inner: Codec, method: Method = "zlib", level: int | None = None
    ) -> None:
        """
        :param inner: the codec to compress

        :param method: ``zlib``; ``zstd``, which is faster and smaller, or
                       ``lz4``, which is faster still and larger; these two need
                       the extras of the same names

        :param level: how hard to try, in the terms of the method; by default
                      what its library takes for a good balance

        :raises PersistableError: if the method or level is unknown, or the
                                  package for it is not installed

        """
        if method not in _IDS:
            raise PersistableError(
                f"Unknown compression {method!r}: use one of {', '.join(_IDS)}"
            )
        self.inner = inner
        self.method: Method = method
        self.level = level
        # Now rather than when the first value is lost.
        self._deflate(())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r}, {self.method!r}, {self.level!r})"

    def encode(
        self,
        value: Any,
        key: str | None = None,
        *,
        fingerprint: str = "",
        seconds: float | None = None,
    ) -> Encoded:
        inner = self.inner
        if not isinstance(inner, EntryCodec):
            whole = inner.encode(
                value, key, fingerprint=fingerprint, seconds=seconds
            ).whole()
            return Encoded(self._deflate(whole))
        body, buffers, flags = inner.pack(value)
        rows = [_ROW.pack(b.nbytes, e.READ_ONLY if b.readonly else 0) for b in buffers]
        front = FRAME.pack(len(body), len(rows)) + b"".join(rows)
        packed = self._deflate((front, body, *buffers))
        meta = describe(value, fingerprint, seconds)
        return inner.enclose(packed, (), flags, meta, key, _IDS[self.method])

    def decode(
        self, data: Buffer, key: str | None = None, *, source: str = "the data"
    ) -> Any:
        if not isinstance(self.inner, EntryCodec):
            data = b"".join(decompress(self.method, data, source))
        return self.inner.decode(data, key, source=source)

    def _deflate(self, parts: Iterable[Buffer]) -> bytes:
        return b"".join(compress(self.method, self.level, parts))


def inner_codec(codec: Codec) -> EntryCodec | None:
    """Return the codec of entries that a codec is or compresses, or None.

    :param codec: any codec

    """
    inner = codec.inner if isinstance(codec, CompressedCodec) else codec
    return inner if isinstance(inner, EntryCodec) else None


def inflate(
    body: memoryview, compression: int, source: str
) -> tuple[memoryview, list[memoryview]]:
    """Return the body and the buffers from the compressed body of an entry.

    :param body: what was compressed, after its tag was checked

    :param compression: identifies how

    :param source: names the file, or the stash and key, in errors

    :raises CorruptDataError: if it can't be decompressed

    :raises PersistableError: if it takes a package that is not installed, or a
                              newer release of this one

    """
    method = e.COMPRESSION_NAMES.get(compression)
    if method is None:
        raise PersistableError(
            f"Unknown compression number {compression} in {source}: it is written "
            f"by a newer release than this one"
        )
    take = _taker(decompress(method, body, source), source)
    length, count = FRAME.unpack(take(FRAME.size))
    rows = [_ROW.unpack(take(_ROW.size)) for _ in range(count)]
    whole = take(length).toreadonly()
    buffers = [(take(length), flags) for length, flags in rows]
    return whole, [
        buffer.toreadonly() if flags & e.READ_ONLY else buffer
        for buffer, flags in buffers
    ]


def _taker(chunks: Iterator[bytes], source: str) -> Callable[[int], memoryview]:
    rest = memoryview(b"")

    def take(size: int) -> memoryview:
        nonlocal rest
        try:
            taken = memoryview(bytearray(size))
        except OverflowError:
            raise _truncated(source) from None
        place = 0
        while place < size:
            while not rest:
                chunk = next(chunks, None)
                if chunk is None:
                    raise _truncated(source)
                rest = memoryview(chunk)
            part = rest[: size - place]
            taken[place : place + len(part)] = part
            place += len(part)
            rest = rest[len(part) :]
        return taken

    return take


def _truncated(source: str) -> CorruptDataError:
    return CorruptDataError(
        f"Truncated: {source} ends within what was compressed; delete it or restore "
        f"it from a backup"
    )

"""The libraries that compress, behind one interface."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from ..error import CorruptDataError, PersistableError
from .entry import Buffer

__all__ = ["compress", "decompress"]

_CHUNK: Final = 1 << 20
"""How many bytes go in or come out at once at most, whatever the data says."""


def compress(
    method: str, level: int | None, parts: Iterable[Buffer]
) -> Iterator[bytes]:
    """Return the pieces of a compressed stream.

    :param method: ``zlib``, ``zstd`` or ``lz4``

    :param level: how hard to try; by default what the library has chosen

    :param parts: what to compress

    :raises PersistableError: while iterating, if the level is unknown or the
                              library is not installed

    """
    write = _METHODS[method][0]
    try:
        yield from write(level, [s for part in parts for s in _slices(part)])
    except (OverflowError, TypeError, ValueError) as error:
        raise PersistableError(
            f"Can't compress with {method} at level {level!r}: {error}"
        ) from error


def decompress(method: str, data: Buffer, source: str) -> Iterator[bytes]:
    """Return the pieces of what was compressed, none of them large.

    :param method: ``zlib``, ``zstd`` or ``lz4``

    :param data: the compressed stream

    :param source: names the file, or the stash and key, in errors

    :raises CorruptDataError: while iterating, if the stream is damaged

    :raises PersistableError: while iterating, if the library is not installed

    """
    read = _METHODS[method][1]
    try:
        yield from read(memoryview(data))
    except (MemoryError, PersistableError):
        raise
    except Exception as error:
        # Each library has errors of its own.
        raise CorruptDataError(
            f"Damaged: {source} can't be decompressed with {method}: {error}; delete "
            f"it or restore it from a backup"
        ) from error


def _slices(data: Buffer) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[i : i + _CHUNK] for i in range(0, view.nbytes, _CHUNK))


def _require(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise PersistableError(
            f"Compression with {extra} needs a package that is not installed: run "
            f"pip install 'zensols.persist[{extra}]'"
        ) from error


def _write_zlib(level: int | None, parts: list[memoryview]) -> Iterator[bytes]:
    stream = zlib.compressobj() if level is None else zlib.compressobj(level)
    yield from map(stream.compress, parts)
    yield stream.flush()


def _read_zlib(data: memoryview) -> Iterator[bytes]:
    stream = zlib.decompressobj()
    # In slices, since what a call leaves over is copied.
    for part in _slices(data):
        rest: memoryview | bytes = part
        while rest:
            yield stream.decompress(rest, _CHUNK)
            rest = stream.unconsumed_tail
    yield stream.flush()
    if not stream.eof:
        raise EOFError("the stream is truncated")


def _write_zstd(level: int | None, parts: list[memoryview]) -> Iterator[bytes]:
    zstd = _require("zstandard", "zstd")
    # With its size, a frame shows whether it is truncated.
    size = sum(part.nbytes for part in parts)
    options = {} if level is None else {"level": level}
    stream = zstd.ZstdCompressor(**options).compressobj(size=size)
    yield from map(stream.compress, parts)
    yield stream.flush()


def _read_zstd(data: memoryview) -> Iterator[bytes]:
    zstd = _require("zstandard", "zstd")
    rest = zstd.frame_content_size(data)
    reader = zstd.ZstdDecompressor().stream_reader(data)
    while chunk := reader.read(_CHUNK):
        rest -= len(chunk)
        yield chunk
    if rest > 0:
        raise EOFError("the stream is truncated")


def _write_lz4(level: int | None, parts: list[memoryview]) -> Iterator[bytes]:
    lz4 = _require("lz4.frame", "lz4")
    stream = lz4.LZ4FrameCompressor(compression_level=level or 0)
    yield stream.begin()
    yield from map(stream.compress, parts)
    yield stream.flush()


def _read_lz4(data: memoryview) -> Iterator[bytes]:
    stream = _require("lz4.frame", "lz4").LZ4FrameDecompressor()
    for part in _slices(data):
        yield stream.decompress(part, _CHUNK)
        while not (stream.needs_input or stream.eof):
            yield stream.decompress(b"", _CHUNK)
    if not stream.eof:
        raise EOFError("the stream is truncated")


_Writer = Callable[[int | None, list[memoryview]], Iterator[bytes]]
_Reader = Callable[[memoryview], Iterator[bytes]]

_METHODS: Final[dict[str, tuple[_Writer, _Reader]]] = {
    "zlib": (_write_zlib, _read_zlib),
    "zstd": (_write_zstd, _read_zstd),
    "lz4": (_write_lz4, _read_lz4),
}

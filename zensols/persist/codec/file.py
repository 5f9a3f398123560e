"""Files that hold one entry each.

"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from typing import Any, Final

from ..error import PersistableError
from ..files import AtomicFile, write_atomic
from . import entry as e
from .base import Codec
from .entry import Encoded, EntryInfo, Header
from .entrycodec import EntryCodec, Fetch, damaged_buffer
from .mapping import map_file
from .signed import SignedPickleCodec

__all__ = ["dump_file", "file_info", "load_file", "verify_file"]

MAP_LIMIT: Final = 1 << 20
"""Buffers of at least this many bytes are mapped, smaller ones are read."""

_FRONT: Final = 1 << 16
_SLICE: Final = 1 << 22
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def dump_file(
    codec: Codec,
    value: Any,
    path: str,
    key: str | None = None,
    *,
    fingerprint: str = "",
    seconds: float | None = None,
    fsync: bool = False,
) -> None:
    """Write a value to a file, which holds the old value until it holds the new
    one, whatever fails or is killed.

    :param codec: encodes the value, before any file is touched

    :param value: the object

    :param path: the file, in a folder that exists

    :param key: the stash key to bind the entry to

    :param fingerprint: identifies the code that computed the value

    :param seconds: how long that took

    :param fsync: whether to wait until it would survive a loss of power

    :raises PersistableError: if the value can't be encoded or the file can't be
                              written

    """
    encoded = codec.encode(value, key, fingerprint=fingerprint, seconds=seconds)
    try:
        if encoded.buffers:
            _write_buffers(encoded, path, fsync)
        else:
            write_atomic(path, encoded.parts, fsync=fsync)
    except OSError as error:
        raise PersistableError(
            f"Can't write {path}: {error.strerror or error}; what it held is unchanged"
        ) from error


def load_file(codec: Codec, path: str, key: str | None = None) -> Any:
    """Return the value that a file holds.

    :param codec: decodes it

    :param path: the file

    :param key: the stash key that it must be bound to

    :raises FileNotFoundError: if there is no such file

    :raises PersistableError: if the file can't be read

    :raises UntrustedDataError: if what it holds is not ours

    :raises CorruptDataError: if that is truncated or damaged

    """
    try:
        fd = os.open(path, _FLAGS)
        try:
            size = os.fstat(fd).st_size
            if size <= MAP_LIMIT or not isinstance(codec, EntryCodec):
                return codec.decode(_read(fd, size), key, source=path)
            front = _read(fd, _FRONT)
            if front[:8] != e.MAGIC:
                front += _read(fd, size - len(front))
                return codec.decode(front, key, source=path)
            header = _open(fd, front, size, path)
            return codec.restore(header, size, key, _fetcher(fd, size, codec))
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error


def file_info(path: str) -> EntryInfo:
    """Return what the entry in a file tells of itself, trusting nothing; see
    :func:`.read_info`.

    :param path: the file

    :raises FileNotFoundError: if there is no such file

    :raises PersistableError: if it can't be read or is no entry

    """
    try:
        fd = os.open(path, _FLAGS)
        try:
            size = os.fstat(fd).st_size
            header = Header(_read(fd, 64), size, path)
            rest = _read(fd, header.meta - 64)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    header.open(bytes(64) + rest)
    return header.info(size)


def verify_file(codec: EntryCodec, path: str, key: str | None = None) -> EntryInfo:
    """Check all of an entry in a file, its buffers included, without decoding
    it.

    :param codec: checks the tag

    :param path: the file

    :param key: the stash key that it must be bound to

    :return: what the entry tells of itself

    :raises FileNotFoundError: if there is no such file

    :raises UntrustedDataError: if the entry is not ours

    :raises CorruptDataError: if it is truncated or damaged

    """
    try:
        fd = os.open(path, _FLAGS)
        try:
            size = os.fstat(fd).st_size
            header = _open(fd, _read(fd, _FRONT), size, path)
            codec.check(header, key)
            for index, (offset, length, crc, _) in enumerate(header.table(size)):
                found = 0
                for data in _slices(fd, offset, length):
                    found = e.checksum(data, found)
                if found != crc:
                    raise damaged_buffer(path, index)
            return header.info(size)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError) -> PersistableError:
    """Return the error for a file that can't be read."""
    if error.errno == errno.EISDIR:
        return PersistableError(f"Can't read {path}: a folder is in the file's place")
    return PersistableError(f"Can't read {path}: {error.strerror or error}")


def _read(fd: int, size: int) -> bytes:
    data = os.read(fd, size)
    if len(data) == size:
        return data
    parts = [data]
    while data:
        size -= len(data)
        data = os.read(fd, size)
        parts.append(data)
    return b"".join(parts)


def _open(fd: int, front: bytes, size: int, path: str) -> Header:
    header = Header(front, size, path)
    if len(front) < header.end:
        front += _read(fd, header.end - len(front))
    header.open(front)
    return header


def _fetcher(fd: int, size: int, codec: EntryCodec) -> Fetch:
    mode = codec.mmap_mode if isinstance(codec, SignedPickleCodec) else None
    mapped: memoryview | None = None

    def fetch(offset: int, length: int) -> tuple[memoryview, bool]:
        nonlocal mapped, mode
        if mode is not None and length >= MAP_LIMIT:
            if mapped is None:
                mapped = map_file(fd, size, mode == "c")
            if mapped is not None:
                return mapped[offset : offset + length], True
            mode = None
        buffer = memoryview(bytearray(length))
        place = 0
        while place < length:
            count = os.preadv(fd, [buffer[place:]], offset + place)
            if not count:
                raise OSError(errno.EIO, "the file shrank while it was read")
            place += count
        return buffer, False

    return fetch


def _slices(fd: int, offset: int, length: int) -> Iterator[bytes]:
    end = offset + length
    while offset < end:
        data = os.pread(fd, min(_SLICE, end - offset), offset)
        if not data:
            raise OSError(errno.EIO, "the file shrank while it was read")
        offset += len(data)
        yield data


def _write_buffers(encoded: Encoded, path: str, fsync: bool) -> None:
    checksums: list[int] = []
    # zlib and write() both release the interpreter's lock.
    thread = threading.Thread(target=lambda: checksums.extend(encoded.checksums()))
    with AtomicFile(path, fsync=fsync) as file:
        thread.start()
        try:
            for offset, buffer in zip(encoded.offsets, encoded.buffers, strict=True):
                _write(file.fd, buffer, offset)
        finally:
            thread.join()
        encoded.seal(checksums)
        place = 0
        for part in encoded.parts:
            _write(file.fd, memoryview(part), place)
            place += len(part)


def _write(fd: int, data: memoryview, offset: int) -> None:
    for start in range(0, data.nbytes, _SLICE):
        part = data[start : start + _SLICE]
        while part.nbytes:
            count = os.pwrite(fd, part, offset)
            offset += count
            part = part[count:]

"""Files that hold one entry each."""

from __future__ import annotations

import errno
import os
import threading
from io import FileIO
from typing import Any, Final

from ..error import PersistableError
from ..files import AtomicFile, write_atomic
from . import entry as e
from .base import Codec
from .compress import inner_codec
from .encoded import Encoded
from .entry import Header
from .entrycodec import EntryCodec, Fetch
from .info import EntryInfo, info_of
from .mapping import map_file

__all__ = ["dump_file", "file_info", "load_file"]

MAP_LIMIT: Final = 1 << 20
"""Buffers of at least this many bytes are mapped, smaller ones are read."""

_AT_ONCE: Final = 1 << 22
"""Entries up to this many bytes are not worth a thread for the checksums."""

_SLICE: Final = 1 << 22
READ_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


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

    >>> import tempfile
    >>> from zensols.persist.codec import JsonCodec
    >>> path = os.path.join(tempfile.mkdtemp(), "a.json")
    >>> dump_file(JsonCodec(), [1, 2], path, seconds=1.5)
    >>> load_file(JsonCodec(), path), file_info(path).seconds
    ([1, 2], 1.5)

    """
    encoded = codec.encode(value, key, fingerprint=fingerprint, seconds=seconds)
    try:
        if not encoded.buffers:
            write_atomic(path, encoded.parts, fsync=fsync)
        elif encoded.size <= _AT_ONCE:
            write_atomic(path, encoded.whole(), fsync=fsync)
        else:
            _write_buffers(encoded, path, fsync)
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

    >>> from zensols.persist.codec import JsonCodec
    >>> try:
    ...     load_file(JsonCodec(), "no such file")
    ... except FileNotFoundError:
    ...     print("absent")
    absent

    """
    try:
        fd = os.open(path, READ_FLAGS)
        try:
            size = os.fstat(fd).st_size
            if size <= MAP_LIMIT:
                return codec.decode(_read(fd, size), key, source=path)
            reader = inner_codec(codec)
            front = _read(fd, e.HEADER.size)
            if reader is None or front[:8] != e.MAGIC:
                return codec.decode(_read_on(fd, front, size), key, source=path)
            header = _open(fd, front, size, path)
            return reader.restore(header, size, key, _fetcher(fd, size, reader))
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

    >>> import tempfile
    >>> from zensols.persist.codec import JsonCodec
    >>> path = os.path.join(tempfile.mkdtemp(), "a.json")
    >>> dump_file(JsonCodec(), {"a": 1}, path, "some key")
    >>> info = file_info(path)
    >>> info.key, info.type, info.codec
    ('some key', 'builtins.dict', 'json')

    """
    try:
        fd = os.open(path, READ_FLAGS)
        try:
            size = os.fstat(fd).st_size
            front = _read(fd, e.HEADER.size)
            header = Header(front, size, path)
            header.open(_read_on(fd, front, header.meta))
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    return info_of(header, size)


def unreadable(path: str, error: OSError) -> PersistableError:
    """Return the error for a file that can't be read.

    :param path: the file

    :param error: what the system says

    """
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


def _read_on(fd: int, front: bytes, end: int) -> bytearray:
    whole = bytearray(end)
    whole[: len(front)] = front
    _read_into(fd, memoryview(whole)[len(front) :])
    return whole


def _read_into(fd: int, view: memoryview) -> None:
    with FileIO(fd, closefd=False) as file:
        while view.nbytes:
            count = file.readinto(view)
            if not count:
                raise OSError(errno.EIO, "the file shrank while it was read")
            view = view[count:]


def open_header(fd: int, size: int, path: str) -> Header:
    """Return the front of the entry in an open file.

    :param fd: the file, at its beginning

    :param size: its size in bytes

    :param path: its name, for errors

    """
    return _open(fd, _read(fd, e.HEADER.size), size, path)


def _open(fd: int, front: bytes, size: int, path: str) -> Header:
    header = Header(front, size, path)
    header.open(_read_on(fd, front, header.end))
    return header


def _fetcher(fd: int, size: int, codec: EntryCodec) -> Fetch:
    mode = codec.mmap_mode
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
        os.lseek(fd, offset, os.SEEK_SET)
        _read_into(fd, buffer)
        return buffer, False

    return fetch


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
    os.lseek(fd, offset, os.SEEK_SET)
    while data.nbytes:
        data = data[os.write(fd, data[:_SLICE]) :]

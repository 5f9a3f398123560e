"""Check entries without decoding them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Final

from ..error import PersistableError
from .base import Codec
from .compress import inner_codec
from .encoded import checksum
from .entry import Buffer, Header, damaged_buffer
from .entrycodec import EntryCodec
from .file import READ_FLAGS, open_header, unreadable
from .info import EntryInfo, info_of
from .signed import SignedPickleCodec

__all__ = ["strict", "verify_entry", "verify_file"]

_SLICE: Final = 1 << 22


def strict(codec: Codec) -> Codec:
    """Return a codec that trusts this user's signatures only, whatever the
    environment says.

    :param codec: the codec of a store

    >>> strict(SignedPickleCodec(trust="any"))
    SignedPickleCodec(trust='signed', mmap_mode='c')

    """
    inner = inner_codec(codec)
    if isinstance(inner, SignedPickleCodec) and inner.trust != "signed":
        return SignedPickleCodec(trust="signed")
    return codec if inner is None else inner


def verify_entry(
    codec: Codec, data: Buffer, key: str | None = None, *, source: str = "the data"
) -> EntryInfo:
    """Check all of an entry, its buffers included, without decoding it.

    :param codec: checks the tag

    :param data: the entry

    :param key: the stash key that it must be bound to

    :param source: names the stash and key in errors

    :return: what the entry tells of itself

    :raises UntrustedDataError: if the entry is not ours

    :raises CorruptDataError: if it is truncated or damaged

    :raises PersistableError: if the codec doesn't write entries

    >>> from zensols.persist.codec import SignedPickleCodec
    >>> codec = SignedPickleCodec(key="42" * 32)
    >>> entry = bytes(codec.encode([1, 2], "a"))
    >>> verify_entry(codec, entry, "a").type
    'builtins.list'
    >>> verify_entry(codec, entry[:-1] + b"!", "a")
    Traceback (most recent call last):
    zensols.persist.error.AlteredDataError: Altered: the data differs from what was \
signed with your key; it is damaged or has been tampered with, and was not \
unpickled: delete it or restore it from a backup

    """
    checker = _checker(codec, source)
    header = Header(data, len(data), source)
    header.open(data)
    checker.check(header, key)
    for index, (offset, length, crc, _) in enumerate(header.table(len(data))):
        if checksum(header.data[offset : offset + length]) != crc:
            raise damaged_buffer(source, index)
    return info_of(header, len(data))


def verify_file(codec: Codec, path: str, key: str | None = None) -> EntryInfo:
    """Check all of an entry in a file, its buffers included, without decoding
    it.

    :param codec: checks the tag

    :param path: the file

    :param key: the stash key that it must be bound to

    :return: what the entry tells of itself

    :raises FileNotFoundError: if there is no such file

    :raises UntrustedDataError: if the entry is not ours

    :raises CorruptDataError: if it is truncated or damaged

    :raises PersistableError: if the file can't be read, or the codec doesn't
                              write entries

    >>> import tempfile
    >>> from zensols.persist.codec import JsonCodec, dump_file
    >>> path = os.path.join(tempfile.mkdtemp(), "a.json")
    >>> dump_file(JsonCodec(), [1, 2], path)
    >>> verify_file(JsonCodec(), path).type
    'builtins.list'

    """
    checker = _checker(codec, path)
    try:
        fd = os.open(path, READ_FLAGS)
        try:
            size = os.fstat(fd).st_size
            header = open_header(fd, size, path)
            checker.check(header, key)
            for index, (offset, length, crc, _) in enumerate(header.table(size)):
                found = 0
                for data in _slices(fd, offset, length):
                    found = checksum(data, found)
                if found != crc:
                    raise damaged_buffer(path, index)
            return info_of(header, size)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error


def _checker(codec: Codec, source: str) -> EntryCodec:
    checker = inner_codec(codec)
    if checker is None:
        raise PersistableError(
            f"Can't verify {source}: what codec {codec.name!r} writes has no checksums"
        )
    return checker


def _slices(fd: int, offset: int, length: int) -> Iterator[bytes]:
    os.lseek(fd, offset, os.SEEK_SET)
    while length:
        data = os.read(fd, min(_SLICE, length))
        if not data:
            raise OSError(errno.EIO, "the file shrank while it was read")
        length -= len(data)
        yield data

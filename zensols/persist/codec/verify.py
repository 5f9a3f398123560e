"""Checking an entry without decoding it."""

from __future__ import annotations

from ..error import PersistableError
from .base import Codec
from .compress import inner_codec
from .encoded import checksum
from .entry import Buffer, Header, damaged_buffer
from .info import EntryInfo, info_of

__all__ = ["verify_entry"]


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
    checker = inner_codec(codec)
    if checker is None:
        raise PersistableError(
            f"Can't verify {source}: what codec {codec.name!r} writes has no checksums"
        )
    header = Header(data, len(data), source)
    header.open(data)
    checker.check(header, key)
    for index, (offset, length, crc, _) in enumerate(header.table(len(data))):
        if checksum(header.data[offset : offset + length]) != crc:
            raise damaged_buffer(source, index)
    return info_of(header, len(data))

"""Whether two entries hold the same value."""

from __future__ import annotations

from ..error import PersistableError
from .entry import DILL, READ_ONLY, Buffer, Header
from .info import info_of

__all__ = ["same_payload"]


def same_payload(one: Buffer, other: Buffer) -> bool:
    """Return whether two entries hold the same value, for the same key and from
    the same code, by comparing what is stored: neither is decoded, decompressed or
    verified.  When, by whom and how fast they were made doesn't count.

    :param one: an entry; what is none is only the same as the same bytes

    :param other: another

    :return: whether they do; a value can have several forms, such as a set's
             orders, and those differ

    >>> from zensols.persist.codec import SignedPickleCodec
    >>> mine, yours = SignedPickleCodec(key="01" * 32), SignedPickleCodec(key="02" * 32)
    >>> entry = bytes(mine.encode([1, 2], "a", seconds=1.5))
    >>> same_payload(entry, bytes(yours.encode([1, 2], "a")))
    True
    >>> same_payload(entry, bytes(mine.encode([1, 3], "a")))
    False

    """
    if len(one) == len(other) and one == other:
        return True
    try:
        a, b = _open(one), _open(other)
        if (
            _kind(a) != _kind(b)
            or a.stash_key != b.stash_key
            or a.data[a.body : a.end] != b.data[b.body : b.end]
            or a.rows != b.rows
        ):
            return False
        rows = zip(a.table(len(one)), b.table(len(other)), strict=True)
        return (
            all(
                # The checksums settle most differences without a look at the data.
                (n, crc, flags & READ_ONLY) == (n2, crc2, flags2 & READ_ONLY)
                and a.data[place : place + n] == b.data[place2 : place2 + n]
                for (place, n, crc, flags), (place2, n2, crc2, flags2) in rows
            )
            and info_of(a, len(one)).fingerprint == info_of(b, len(other)).fingerprint
        )
    except PersistableError:
        return False


def _open(data: Buffer) -> Header:
    header = Header(data, len(data), "the data")
    header.open(data)
    return header


def _kind(header: Header) -> tuple[int, int, int]:
    return header.codec, header.compression, header.flags & DILL

"""Read what may be a bomb: entries that become much larger when they are read."""

from __future__ import annotations

from ..error import CorruptDataError, PersistableError
from . import entry as e
from .compress import FRAME
from .entry import Header
from .entrycodec import EntryCodec
from .streams import decompress

__all__ = ["body_within"]


def body_within(codec: EntryCodec, entry: bytes, key: str, limit: int) -> bytes:
    """Return the body of an entry without buffers, decompressed, having checked its
    tag.  No more than it may have is ever decompressed.

    :param codec: checks the tag

    :param entry: the entry

    :param key: the stash key that it must be bound to

    :param limit: how many bytes the body may have

    :raises UntrustedDataError: if the entry is not ours

    :raises CorruptDataError: if it is truncated or damaged

    :raises PersistableError: if its body is larger

    >>> from zensols.persist.codec import CompressedCodec, JsonCodec
    >>> codec = JsonCodec()
    >>> entry = bytes(CompressedCodec(codec).encode("many " * 10_000, "k"))
    >>> len(entry) < 300, len(body_within(codec, entry, "k", 100_000))
    (True, 50002)

    """
    source = f"the value of {key!r}"
    header = Header(entry, len(entry), source)
    header.open(entry)
    codec.check(header, key)
    body = header.data[header.body : header.end]
    if not header.compression:
        if len(body) > limit:
            raise _too_large(source, limit)
        return bytes(body)
    method = e.COMPRESSION_NAMES.get(header.compression)
    if method is None:
        raise PersistableError(
            f"Unknown compression number {header.compression} in {source}: it is "
            f"written by a newer release than this one"
        )
    whole = bytearray()
    for chunk in decompress(method, body, source):
        whole += chunk
        if len(whole) > limit + FRAME.size:
            raise _too_large(source, limit)
    if len(whole) < FRAME.size or FRAME.unpack_from(whole) != (
        len(whole) - FRAME.size,
        0,
    ):
        raise CorruptDataError(
            f"Damaged: {source} is not what was compressed; delete it or restore it "
            f"from a backup"
        )
    return bytes(memoryview(whole)[FRAME.size :])


def _too_large(source: str, limit: int) -> PersistableError:
    return PersistableError(
        f"Too large: {source} has more than {limit:,} bytes when it is decompressed, "
        f"and is not shown"
    )

"""The layout of an entry: what one stored value is as bytes.  It is specified
byte by byte in ``docs/format.md``.

"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from struct import Struct, error as StructError
from typing import Any, Final

from ..error import CorruptDataError, PersistableError, UntrustedDataError

__all__ = ["Buffer", "Encoded", "EntryInfo", "Header", "read_info"]

Buffer = bytes | bytearray | memoryview
"""What an entry is made of and read from."""

MAGIC: Final = b"\x89ZSP\r\n\x1a\n"
VERSION: Final = 1

KEYED: Final = 0x01
"""Flag: the tag is keyed, the entry is signed."""

BOUND: Final = 0x02
"""Flag: the entry belongs to the stash key that it holds."""

DILL: Final = 0x04
"""Flag: the pickle needs dill."""

READ_ONLY: Final = 0x01
"""Flag of a buffer: the object that it came from was read-only."""

HEADER: Final = Struct("<8sBBBBIIIQ8s24s")
ROW: Final = Struct("<QQII")
SIGNED: Final = 40
"""Where the tag begins, up to where the header is signed."""

TAG_SIZE: Final = 24
ALIGNMENT: Final = 64
NO_FINGERPRINT: Final = bytes(8)

CODEC_NAMES: Final = {1: "pickle", 2: "json"}
COMPRESSION_NAMES: Final = {0: None, 1: "zlib", 2: "zstd", 3: "lz4"}

_SLICE: Final = 1 << 22


@dataclass(frozen=True)
class EntryInfo:
    """What an entry tells of itself without being decoded.

    >>> from zensols.persist.codec import JsonCodec, read_info
    >>> info = read_info(bytes(JsonCodec().encode([1, 2], "a")))
    >>> info.key, info.codec, info.type
    ('a', 'json', 'builtins.list')

    """

    key: str | None
    """The stash key that the entry belongs to."""

    codec: str
    """The name of the codec that wrote it: ``pickle`` or ``json``, or
    ``bare-pickle`` for what is no entry.

    """

    created: datetime | None
    """When it was encoded, in UTC."""

    type: str | None
    """The module and name of the value's type."""

    shape: tuple[int, ...] | None
    """The shape of an array or a table."""

    dtype: str | None
    """The element type of an array."""

    fingerprint: str
    """The fingerprint of the code that computed the value, or empty."""

    seconds: float | None
    """How long the value took to compute, in seconds."""

    size: int
    """The size of the whole entry in bytes."""

    signed: bool
    """Whether it carries a keyed tag; not whether that tag is right."""

    compression: str | None
    """The name of the compression, or None."""


class Header:
    """The parsed front of an entry, up to and with its body.

    """

    __slots__ = (
        "body",
        "codec",
        "compression",
        "data",
        "end",
        "fingerprint",
        "flags",
        "key",
        "meta",
        "rows",
        "source",
        "tag",
    )

    def __init__(self, data: Buffer, size: int, source: str) -> None:
        """Parse the fixed part; the rest is given by :meth:`open`.

        :param data: at least the first 64 bytes of the entry

        :param size: the size of the whole entry in bytes

        :param source: names the file or the stash and key in errors

        :raises UntrustedDataError: if this is no entry

        :raises CorruptDataError: if this is only a part of one

        """
        self.source = source
        try:
            (
                magic,
                version,
                self.codec,
                self.compression,
                self.flags,
                key_length,
                meta_length,
                self.rows,
                body_length,
                self.fingerprint,
                self.tag,
            ) = HEADER.unpack_from(data)
        except StructError:
            magic = bytes(data[:8])
            if MAGIC.startswith(magic):
                raise CorruptDataError(
                    f"Truncated: {source} has {size} bytes, which is too short "
                    f"for an entry; delete it or restore it from a backup"
                ) from None
        if magic != MAGIC:
            raise UntrustedDataError(
                f"Not an entry: {source} was not written by this package (it may "
                f"be a bare pickle, which can run any code when read).  If it is "
                f"yours, read it with trust='any' or ZENSOLS_PERSIST_TRUST=any "
                f"and store it again; otherwise delete it"
            )
        if version != VERSION:
            raise PersistableError(
                f"Unknown entry version {version} in {source}: it is damaged, or "
                f"written by a newer release than this one, which reads {VERSION}"
            )
        self.key = HEADER.size + key_length
        self.meta = self.key + meta_length
        self.body = self.meta + ROW.size * self.rows
        self.end = self.body + body_length
        if self.end > size or (not self.rows and self.end != size):
            raise CorruptDataError(
                f"Wrong size: {source} has {size} bytes instead of "
                f"{self.end}{' or more' if self.rows else ''}; it is truncated or "
                f"damaged: delete it or restore it from a backup"
            )

    def open(self, data: Buffer) -> None:
        """Take the front of the entry.

        :param data: the entry up to at least :attr:`end`

        """
        self.data = memoryview(data)

    @property
    def stash_key(self) -> str | None:
        """The stash key that the entry belongs to."""
        if not self.flags & BOUND:
            return None
        return decode_key(bytes(self.data[HEADER.size : self.key]))

    def metadata(self) -> dict[str, Any]:
        """Return what is stored about the value."""
        from msgspec import DecodeError, json

        try:
            meta = json.decode(self.data[self.key : self.meta], type=dict[str, Any])
        except DecodeError as e:
            raise CorruptDataError(f"Damaged metadata in {self.source}: {e}") from e
        return meta

    def table(self, size: int) -> list[tuple[int, int, int, int]]:
        """Return each buffer's offset, length, CRC-32 and flags.

        :param size: the size of the whole entry in bytes

        :raises CorruptDataError: if a buffer lies outside of the entry

        """
        rows = list(ROW.iter_unpack(self.data[self.meta : self.body]))
        place = self.end
        for offset, length, _, _ in rows:
            if offset != align(place) or offset + length > size:
                break
            place = offset + length
        else:
            if place == size:
                return rows
        raise CorruptDataError(
            f"Wrong size: {self.source} has {size} bytes, which don't fit its "
            f"{self.rows} buffers; it is truncated or damaged: delete it or "
            f"restore it from a backup"
        )

    def info(self, size: int) -> EntryInfo:
        """Return what the entry tells of itself.

        :param size: the size of the whole entry in bytes

        """
        meta = self.metadata()
        shape = meta.get("shape")
        return EntryInfo(
            key=self.stash_key,
            codec=CODEC_NAMES.get(self.codec, str(self.codec)),
            created=datetime.fromtimestamp(meta["created"], timezone.utc),
            type=meta.get("type"),
            shape=None if shape is None else tuple(shape),
            dtype=meta.get("dtype"),
            fingerprint=meta.get("fingerprint", ""),
            seconds=meta.get("seconds"),
            size=size,
            signed=bool(self.flags & KEYED),
            compression=COMPRESSION_NAMES.get(self.compression),
        )


class Encoded:
    """An entry ready to be written: the front, and buffers that are written
    from where they are, without being joined.

    >>> from zensols.persist.codec import JsonCodec
    >>> encoded = JsonCodec().encode("value")
    >>> encoded.size == len(bytes(encoded))
    True

    """

    __slots__ = ("_front", "_seal", "body", "buffers", "offsets", "size")

    def __init__(
        self,
        front: bytes,
        body: bytes | None = None,
        buffers: Sequence[memoryview] = (),
        seal: Any = None,
    ) -> None:
        """
        :param front: the entry up to its body, or the whole entry

        :param body: what follows it where it is too large to be joined

        :param buffers: what follows the body, each aligned

        :param seal: makes the front, of the same length, from the buffers'
                     checksums

        """
        self._front = front
        self._seal = seal
        self.body = body
        self.buffers = buffers
        size = len(front) + (0 if body is None else len(body))
        if buffers:
            self.offsets = []
            for buffer in buffers:
                size = align(size)
                self.offsets.append(size)
                size += buffer.nbytes
        self.size = size

    @property
    def parts(self) -> list[Buffer]:
        """The entry without its buffers, in writing order."""
        return [self._front] if self.body is None else [self._front, self.body]

    def seal(self, checksums: Sequence[int]) -> None:
        """Complete the front.

        :param checksums: the CRC-32 of each buffer

        """
        self._front = self._seal(checksums, self.offsets)

    def checksums(self) -> list[int]:
        """Compute the CRC-32 of each buffer."""
        return [checksum(buffer) for buffer in self.buffers]

    def __bytes__(self) -> bytes:
        if not self.buffers:
            return self._front if self.body is None else self._front + self.body
        self.seal(self.checksums())
        whole = bytearray(self.size)
        place = 0
        for part in self.parts:
            whole[place : place + len(part)] = part
            place += len(part)
        for offset, buffer in zip(self.offsets, self.buffers, strict=True):
            whole[offset : offset + buffer.nbytes] = buffer
        return bytes(whole)


def checksum(buffer: Buffer, crc: int = 0) -> int:
    """Return the CRC-32 of a buffer.

    :param buffer: the bytes

    :param crc: the checksum of what precedes it

    """
    with memoryview(buffer) as view:
        for start in range(0, view.nbytes, _SLICE):
            crc = zlib.crc32(view[start : start + _SLICE], crc)
    return crc


def align(place: int) -> int:
    """Return the next place at which a buffer may begin."""
    return -(-place // ALIGNMENT) * ALIGNMENT


def encode_key(key: str) -> bytes:
    """Return a stash key as bytes; lone surrogates are kept."""
    return key.encode("utf-8", "surrogatepass")


def decode_key(data: bytes) -> str:
    """Return the stash key from its bytes."""
    return data.decode("utf-8", "surrogatepass")


def read_info(data: Buffer, source: str = "the data") -> EntryInfo:
    """Return what an entry tells of itself, decoding and trusting nothing.

    :param data: the entry

    :param source: names it in errors

    :return: what was found; whoever can write the data can forge it, use
             :func:`.verify_file` or decode the entry to be sure

    :raises UntrustedDataError: if this is no entry

    :raises CorruptDataError: if it is truncated or damaged

    """
    header = Header(data, len(data), source)
    header.open(data)
    return header.info(len(data))

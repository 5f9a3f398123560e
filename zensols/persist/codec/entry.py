"""The layout of an entry: what one stored value is as bytes.  It is specified
byte by byte in ``docs/format.md``.

"""

from __future__ import annotations

from struct import Struct
from typing import Final

from ..error import CorruptDataError, PersistableError, UntrustedDataError

__all__ = ["Buffer", "Header"]

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

FRONT: Final = Struct("<8sBBBB")
LENGTHS: Final = Struct("<IIIQ")
HEAD: Final = Struct(FRONT.format + LENGTHS.format[1:] + "8s")
"""What precedes the tag, which signs it."""

HEADER: Final = Struct(HEAD.format + "24s")
QUICK: Final = Struct(f"<{FRONT.size}s" + LENGTHS.format[1:] + "8x24s")
"""The header again, its front in one piece, and without what the tag signs besides."""

ROW: Final = Struct("<QQII")

TAG_SIZE: Final = 24
ALIGNMENT: Final = 64
NO_FINGERPRINT: Final = bytes(8)

CODEC_NAMES: Final = {1: "pickle", 2: "json"}
COMPRESSION_NAMES: Final = {0: None, 1: "zlib", 2: "zstd", 3: "lz4"}


class Header:
    """The parsed front of an entry, up to and with its body."""

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
        if len(data) < HEADER.size and MAGIC.startswith(bytes(data[:8])):
            raise CorruptDataError(
                f"Truncated: {source} has {size} bytes, which is too short for an "
                f"entry; delete it or restore it from a backup"
            )
        if data[:8] != MAGIC:
            raise UntrustedDataError(
                f"Not an entry: {source} was not written by this package (it may "
                f"be a bare pickle, which can run any code when read).  If it is "
                f"yours, read it with trust='any' or ZENSOLS_PERSIST_TRUST=any "
                f"and store it again; otherwise delete it"
            )
        (
            _,
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

    def copy_buffer(self, offset: int, length: int) -> tuple[memoryview, bool]:
        """Return a copy of a buffer, since the data may be gone before the value is,
        and may be read-only; and that it is not mapped.

        :param offset: where it begins

        :param length: how many bytes it has

        """
        return memoryview(bytearray(self.data[offset : offset + length])), False

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


def align(place: int) -> int:
    """Return the next place at which a buffer may begin."""
    return -(-place // ALIGNMENT) * ALIGNMENT


def encode_key(key: str) -> bytes:
    """Return a stash key as bytes; lone surrogates are kept."""
    return key.encode("utf-8", "surrogatepass")


def decode_key(data: bytes) -> str:
    """Return the stash key from its bytes."""
    return data.decode("utf-8", "surrogatepass")


def damaged_buffer(source: str, index: int) -> CorruptDataError:
    """Return the error for a buffer whose checksum is wrong.

    :param source: names the file, or the stash and key

    :param index: the number of the buffer

    """
    return CorruptDataError(
        f"Damaged: buffer {index} of {source} differs from what was written; "
        f"delete it or restore it from a backup"
    )


def wrong_place(source: str, found: str | None, key: str) -> UntrustedDataError:
    """Return the error for an entry that was written for another key.

    :param source: names the file, or the stash and key

    :param found: the key that it was written for, if any

    :param key: the key that it is under

    """
    return UntrustedDataError(
        f"Wrong place: {source} was written for "
        f"{'no key' if found is None else f'key {found!r}'}, not for {key!r}; it has "
        f"been moved, swapped or planted: move it back or delete it"
    )

"""The codec of entries, which carry metadata and a tag; what turns a value into
an entry's body is left to subclasses.

"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ..error import CorruptDataError, PersistableError, UntrustedDataError
from . import entry as e
from .base import Codec
from .entry import Buffer, Encoded, Header

if TYPE_CHECKING:
    from msgspec.json import Encoder

__all__ = ["EntryCodec"]

JOIN_LIMIT: Final = 1 << 16
"""Bodies up to this many bytes are joined with what precedes them."""

Fetch = Callable[[int, int], tuple[memoryview, bool]]
"""Returns the buffer at an offset and of a length, and whether it is mapped."""


_TAGGER: Final = blake2b(digest_size=e.TAG_SIZE, person=b"zsp-entry")


class EntryCodec(Codec):
    """A codec of entries, which carry metadata and a tag; subclasses say how a
    value becomes a body and buffers.

    """

    codec_id: ClassVar[int]
    """Identifies the codec in an entry."""

    compression_id: int = 0
    """Identifies the compression in an entry."""

    check_buffers: bool = False
    """Whether the checksums of mapped buffers are checked, which reads them."""

    _keyed: ClassVar[int] = 0

    @abstractmethod
    def pack(self, value: Any) -> tuple[bytes, Sequence[memoryview], int]:
        """Return a value as a body, buffers and flags."""

    @abstractmethod
    def unpack(
        self, body: memoryview, buffers: Sequence[memoryview], flags: int, source: str
    ) -> Any:
        """Return the value from what :meth:`pack` made of it."""

    def tagger(self, create: bool) -> Any:
        """Return a hash object to copy, which makes the tags.

        :param create: whether it is for writing

        """
        return _TAGGER

    @property
    def key_fingerprint(self) -> bytes:
        """Identifies the key of the tags."""
        return e.NO_FINGERPRINT

    def encode(
        self,
        value: Any,
        key: str | None = None,
        *,
        fingerprint: str = "",
        seconds: float | None = None,
    ) -> Encoded:
        body, buffers, flags = self.pack(value)
        tagger = self.tagger(True)
        flags |= self._keyed
        bound = b""
        if key is not None:
            flags |= e.BOUND
            bound = e.encode_key(key)
        meta = _metadata(value, fingerprint, seconds)
        head = e.HEADER.pack(
            e.MAGIC,
            e.VERSION,
            self.codec_id,
            self.compression_id,
            flags,
            len(bound),
            len(meta),
            len(buffers),
            len(body),
            self.key_fingerprint,
            b"",
        )[: e.SIGNED]
        tag = tagger.copy()
        tag.update(head)
        if not buffers and len(body) <= JOIN_LIMIT:
            rest = bound + meta + body
            tag.update(rest)
            return Encoded(head + tag.digest() + rest)

        def front(checksums: Sequence[int], offsets: Sequence[int]) -> bytes:
            rows = b"".join(
                e.ROW.pack(offset, b.nbytes, crc, e.READ_ONLY if b.readonly else 0)
                for offset, b, crc in zip(offsets, buffers, checksums, strict=True)
            )
            whole = tag.copy()
            for part in (bound, meta, rows, body):
                whole.update(part)
            return b"".join((head, whole.digest(), bound, meta, rows))

        if buffers:
            nothing = bytes(e.HEADER.size + len(bound) + len(meta))
            rows = bytes(e.ROW.size * len(buffers))
            return Encoded(nothing + rows, body, buffers, front)
        return Encoded(front((), ()), body)

    def decode(
        self, data: Buffer, key: str | None = None, *, source: str = "the data"
    ) -> Any:
        header = Header(data, len(data), source)
        header.open(data)
        return self.restore(header, len(data), key)

    def restore(
        self, header: Header, size: int, key: str | None, fetch: Fetch | None = None
    ) -> Any:
        """Return the value of an entry whose front has been read.

        :param header: the front of the entry

        :param size: the size of the whole entry in bytes

        :param key: the stash key that it must be bound to

        :param fetch: gives buffers that are not in the front's data

        """
        self.check(header, key)
        buffers: list[memoryview] = []
        if header.rows:
            fetch = fetch or _copier(header)
            for offset, length, crc, flags in header.table(size):
                buffer, mapped = fetch(offset, length)
                if (not mapped or self.check_buffers) and e.checksum(buffer) != crc:
                    raise damaged_buffer(header.source, len(buffers))
                buffers.append(buffer.toreadonly() if flags & e.READ_ONLY else buffer)
        body = header.data[header.body : header.end]
        if header.compression:
            from .compress import inflate

            body, buffers = inflate(body, header.compression, header.source)
        return self.unpack(body, buffers, header.flags, header.source)

    def check(self, header: Header, key: str | None) -> None:
        """Check that the front of an entry is ours, before any of it is used.

        :param header: the front of the entry

        :param key: the stash key that it must be bound to

        :raises UntrustedDataError: if it isn't

        """
        source = header.source
        if header.codec != self.codec_id or header.flags & e.KEYED != self._keyed:
            name = e.CODEC_NAMES.get(header.codec, f"number {header.codec}")
            raise UntrustedDataError(
                f"Written by another codec: {source} is an entry of codec "
                f"{name!r}, which codec {self.name!r} does not read; open it with "
                f"the codec that wrote it"
            )
        self.check_tag(header)
        if key is not None:
            bound = header.data[e.HEADER.size : header.key]
            if not header.flags & e.BOUND or bound != e.encode_key(key):
                raise UntrustedDataError(
                    f"Wrong place: {source} was written for key "
                    f"{header.stash_key!r}, not for {key!r}; it has been moved, "
                    f"swapped or planted: move it back or delete it"
                )

    def check_tag(self, header: Header) -> None:
        """Check the tag of an entry.

        :raises UntrustedDataError: if it is not right

        """
        self.compare(header, self.tagger(False))

    def compare(self, header: Header, tagger: Any) -> None:
        """Compare the tag of an entry with the right one.

        :param header: the front of the entry

        :param tagger: makes tags

        :raises CorruptDataError: if it is not right

        """
        tag = tagger.copy()
        tag.update(header.data[: e.SIGNED])
        tag.update(header.data[e.HEADER.size : header.end])
        if not compare_digest(tag.digest(), header.tag):
            raise self.mismatch(header.source)

    def mismatch(self, source: str) -> PersistableError:
        """Return the error for a wrong tag."""
        return CorruptDataError(
            f"Damaged: {source} differs from what was written; delete it or "
            f"restore it from a backup"
        )


def _copier(header: Header) -> Fetch:
    def copy(offset: int, length: int) -> tuple[memoryview, bool]:
        # The data may be gone before the value is, and may be read-only.
        return memoryview(bytearray(header.data[offset : offset + length])), False

    return copy


def damaged_buffer(source: str, index: int) -> CorruptDataError:
    """Return the error for a buffer whose checksum is wrong."""
    return CorruptDataError(
        f"Damaged: buffer {index} of {source} differs from what was written; "
        f"delete it or restore it from a backup"
    )


def _metadata(value: Any, fingerprint: str, seconds: float | None) -> bytes:
    kind = type(value)
    meta: dict[str, Any] = {
        "created": time.time(),
        "type": f"{kind.__module__}.{kind.__qualname__}",
    }
    # Asked of the type, since an attribute of the user's object might compute.
    if hasattr(kind, "shape") and (hasattr(kind, "dtype") or hasattr(kind, "dtypes")):
        meta.update(_dimensions(value))
    if fingerprint:
        meta["fingerprint"] = fingerprint
    if seconds is not None:
        meta["seconds"] = seconds
    return _encoder().encode(meta)


def _dimensions(value: Any) -> dict[str, Any]:
    dimensions: dict[str, Any] = {}
    try:
        dimensions["shape"] = [int(n) for n in value.shape]
        dimensions["dtype"] = str(value.dtype)
    except Exception:  # noqa: BLE001  a foreign object: anything may come
        pass
    return dimensions


@cache
def _encoder() -> Encoder:
    from msgspec.json import Encoder

    return Encoder()

"""The codec of entries, whose bodies are made by subclasses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, ClassVar, Final, Literal

from ..error import CorruptDataError, PersistableError, UntrustedDataError
from . import entry as e
from .base import Codec
from .encoded import Encoded, checksum, seal_front
from .entry import Buffer, Header
from .info import describe

__all__ = ["EntryCodec"]

JOIN_LIMIT: Final = 1 << 16
"""Bodies up to this many bytes are joined with what precedes them."""

Fetch = Callable[[int, int], tuple[memoryview, bool]]
"""Returns the buffer at an offset and of a length, and whether it is mapped."""

_HEAD: Final = e.HEAD.size
_HEADER: Final = e.HEADER.size
_SMALL: Final = 1 << 12
_unpack_quickly: Final = e.QUICK.unpack_from

_UNKEYED: Final = blake2b(digest_size=e.TAG_SIZE, person=b"zsp-entry")


class EntryCodec(Codec):
    """A codec of entries, which carry metadata and a tag; subclasses say how a
    value becomes a body and buffers.

    Safe to share between threads and processes.

    >>> from zensols.persist.codec import JsonCodec
    >>> isinstance(JsonCodec(), EntryCodec)
    True

    """

    codec_id: ClassVar[int]
    """Identifies the codec in an entry."""

    check_buffers: bool = False
    """Whether the checksums of mapped buffers are checked, which reads them."""

    mmap_mode: Literal["c", "r"] | None = "c"
    """How large buffers are mapped: copy-on-write, read-only or not at all."""

    _keyed: ClassVar[int] = 0
    _tagger: Any = _UNKEYED
    _front: ClassVar[bytes]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if hasattr(cls, "codec_id"):
            flags = cls._keyed | e.BOUND
            cls._front = e.FRONT.pack(e.MAGIC, e.VERSION, cls.codec_id, 0, flags)

    @abstractmethod
    def pack(self, value: Any) -> tuple[bytes, Sequence[memoryview], int]:
        """Return a value as a body, buffers and flags.

        :param value: the object

        :raises PersistableError: if it can't be encoded

        """

    @abstractmethod
    def unpack(
        self, body: Buffer, buffers: Sequence[memoryview], flags: int, source: str, /
    ) -> Any:
        """Return the value from what :meth:`pack` made of it.

        :param body: the body

        :param buffers: the buffers

        :param flags: the flags

        :param source: names the file, or the stash and key, in errors

        """

    def tagger(self, create: bool) -> Any:
        """Return a hash object to copy, which makes the tags.

        :param create: whether it is for writing

        """
        return self._tagger

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
        meta = describe(value, fingerprint, seconds)
        return self.enclose(body, buffers, flags, meta, key)

    def enclose(
        self,
        body: bytes,
        buffers: Sequence[memoryview],
        flags: int,
        meta: bytes,
        key: str | None,
        compression: int = 0,
    ) -> Encoded:
        """Return an entry.

        :param body: the body, as :meth:`pack` made it, or compressed

        :param buffers: the buffers that follow it

        :param flags: the flags that :meth:`pack` gave

        :param meta: the metadata

        :param key: the stash key to bind the entry to

        :param compression: identifies how the body is compressed

        """
        tag = self.tagger(True).copy()
        middle = meta
        if key is not None:
            flags |= e.BOUND
            middle = e.encode_key(key) + meta
        head = e.HEAD.pack(
            e.MAGIC,
            e.VERSION,
            self.codec_id,
            compression,
            flags | self._keyed,
            len(middle) - len(meta),
            len(meta),
            len(buffers),
            len(body),
            self.key_fingerprint,
        )
        if not buffers and len(body) <= JOIN_LIMIT:
            rest = middle + body
            tag.update(head + rest)
            return Encoded(head + tag.digest() + rest)
        seal = partial(seal_front, tag, head, middle, buffers, body)
        if not buffers:
            return Encoded(seal((), ()), body)
        size = e.HEADER.size + len(middle) + e.ROW.size * len(buffers)
        return Encoded(bytes(size), body, buffers, seal)

    def decode(
        self, data: Buffer, key: str | None = None, *, source: str = "the data"
    ) -> Any:
        # The usual small entry first, in few steps; what is wrong with another is
        # found out carefully.
        tagger = self._tagger
        size = len(data)
        if tagger is not None and key is not None and _HEADER <= size <= _SMALL:
            front, key_length, meta_length, rows, length, tag = _unpack_quickly(data)
            body = _HEADER + key_length + meta_length
            if front == self._front and not rows and body + length == size:
                entry = bytes(data)
                hasher = tagger.copy()
                hasher.update(entry[:_HEAD])
                hasher.update(entry[_HEADER:])
                bound = key.encode("utf-8", "surrogatepass")
                if (
                    compare_digest(hasher.digest(), tag)
                    and key_length == len(bound)
                    and entry.startswith(bound, _HEADER)
                ):
                    return self.unpack(entry[body:], (), 0, source)
        return self.decode_carefully(data, key, source)

    def decode_carefully(self, data: Buffer, key: str | None, source: str) -> Any:
        """Return the value of an entry, or say what is wrong with it.

        :param data: the entry

        :param key: the stash key that it must be bound to

        :param source: names the file, or the stash and key, in errors

        """
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
            fetch = fetch or header.copy_buffer
            for offset, length, crc, flags in header.table(size):
                buffer, mapped = fetch(offset, length)
                if (not mapped or self.check_buffers) and checksum(buffer) != crc:
                    raise e.damaged_buffer(header.source, len(buffers))
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
            kind = "a signed" if header.flags & e.KEYED else "an unsigned"
            name = e.CODEC_NAMES.get(header.codec, f"number {header.codec}")
            raise UntrustedDataError(
                f"Written by another codec: {source} is {kind} entry of codec "
                f"{name!r}, which codec {self.name!r} does not read; open it with "
                f"the codec that wrote it, or delete it if it is damaged"
            )
        self.check_tag(header)
        if key is not None:
            bound = header.data[e.HEADER.size : header.key]
            if not header.flags & e.BOUND or bound != e.encode_key(key):
                raise e.wrong_place(source, header.stash_key, key)

    def check_tag(self, header: Header) -> None:
        """Check the tag of an entry.

        :param header: the front of the entry

        :raises UntrustedDataError: if it is another's

        :raises CorruptDataError: if it is not right

        """
        self.compare(header, self.tagger(False))

    def compare(self, header: Header, tagger: Any) -> None:
        """Compare the tag of an entry with the right one.

        :param header: the front of the entry

        :param tagger: makes tags

        :raises CorruptDataError: if it is not right

        """
        tag = tagger.copy()
        tag.update(header.data[: e.HEAD.size])
        tag.update(header.data[e.HEADER.size : header.end])
        if not compare_digest(tag.digest(), header.tag):
            raise self.mismatch(header.source)

    def mismatch(self, source: str) -> PersistableError:
        """Return the error for a wrong tag.

        :param source: names the file, or the stash and key

        """
        return CorruptDataError(
            f"Damaged: {source} differs from what was written; delete it or "
            f"restore it from a backup"
        )

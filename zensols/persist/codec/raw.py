"""Entries as they are."""

from __future__ import annotations

from typing import Any, ClassVar

from .base import Codec
from .encoded import Encoded
from .entry import Buffer

__all__ = ["RawCodec"]


class RawCodec(Codec):
    """Takes bytes for a value and for its entry, to move entries that another
    codec wrote without decoding them.

    Safe to share between threads and processes.

    >>> from zensols.persist.codec import JsonCodec
    >>> entry = bytes(JsonCodec().encode([1, 2], "a"))
    >>> RawCodec().decode(bytes(RawCodec().encode(entry, "a"))) == entry
    True

    """

    name: ClassVar[str] = "raw"

    def encode(
        self,
        value: Any,
        key: str | None = None,
        *,
        fingerprint: str = "",
        seconds: float | None = None,
    ) -> Encoded:
        return Encoded(value)

    def decode(
        self, data: Buffer, key: str | None = None, *, source: str = "the data"
    ) -> Any:
        return bytes(data)

"""What an entry tells of itself without being decoded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NotRequired, TypedDict

from ..error import CorruptDataError
from .entry import CODEC_NAMES, COMPRESSION_NAMES, KEYED, Buffer, Header

__all__ = ["EntryInfo", "describe", "info_of", "read_info"]


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


class _Metadata(TypedDict):
    created: float
    type: NotRequired[str]
    shape: NotRequired[list[int]]
    dtype: NotRequired[str]
    fingerprint: NotRequired[str]
    seconds: NotRequired[float]


def describe(value: Any, fingerprint: str, seconds: float | None) -> bytes:
    """Return the metadata of a value.

    :param value: the object

    :param fingerprint: identifies the code that computed it

    :param seconds: how long that took

    """
    kind: Any = type(value)
    end, has_shape = _kind(kind)
    meta = b'{"created":' + _encoder()(time.time()) + end
    if has_shape or fingerprint or seconds is not None:
        more = _dimensions(value) if has_shape else {}
        if fingerprint:
            more["fingerprint"] = fingerprint
        if seconds is not None:
            more["seconds"] = float(seconds)
        if more:
            meta = meta[:-1] + b"," + _encoder()(more)[1:]
    return meta


@lru_cache(maxsize=256)
def _kind(kind: type) -> tuple[bytes, bool]:
    name = _encoder()(f"{kind.__module__}.{kind.__qualname__}")
    # Asked of the type, since an attribute of the user's object might compute.
    is_table = hasattr(kind, "dtype") or hasattr(kind, "dtypes")
    return b',"type":' + name + b"}", hasattr(kind, "shape") and is_table


def _dimensions(value: Any) -> dict[str, Any]:
    dimensions: dict[str, Any] = {}
    try:
        dimensions["shape"] = [int(n) for n in value.shape]
        dimensions["dtype"] = str(value.dtype)
    except Exception:  # noqa: BLE001  a foreign object: anything may come
        pass
    return dimensions


@cache
def _encoder() -> Callable[[object], bytes]:
    from msgspec.json import Encoder

    return Encoder().encode


def info_of(header: Header, size: int) -> EntryInfo:
    """Return what an entry tells of itself.

    :param header: the front of the entry, opened at least up to its metadata

    :param size: the size of the whole entry in bytes

    :raises CorruptDataError: if it is damaged

    """
    from msgspec import json

    try:
        front = header.data[header.key : header.meta]
        meta = json.decode(front, type=_Metadata)
        shape = meta.get("shape")
        return EntryInfo(
            key=header.stash_key,
            codec=CODEC_NAMES.get(header.codec, str(header.codec)),
            created=datetime.fromtimestamp(meta["created"], UTC),
            type=meta.get("type"),
            shape=None if shape is None else tuple(shape),
            dtype=meta.get("dtype"),
            fingerprint=meta.get("fingerprint", ""),
            seconds=meta.get("seconds"),
            size=size,
            signed=bool(header.flags & KEYED),
            compression=COMPRESSION_NAMES.get(header.compression),
        )
    except (OSError, OverflowError, ValueError) as e:
        raise CorruptDataError(
            f"Damaged metadata in {header.source}: {e}; delete it or restore it from "
            f"a backup"
        ) from e


def read_info(data: Buffer, source: str = "the data") -> EntryInfo:
    """Return what an entry tells of itself, decoding and trusting nothing.

    :param data: the entry

    :param source: names it in errors

    :return: what was found; whoever can write the data can forge it, use
             :func:`.verify_file` or decode the entry to be sure

    :raises UntrustedDataError: if this is no entry

    :raises CorruptDataError: if it is truncated or damaged

    >>> from zensols.persist.codec import SignedPickleCodec
    >>> codec = SignedPickleCodec(key="42" * 32)
    >>> info = read_info(bytes(codec.encode({"a": 1}, "k", seconds=1.5)))
    >>> info.key, info.type, info.signed, info.seconds
    ('k', 'builtins.dict', True, 1.5)

    """
    header = Header(data, len(data), source)
    header.open(data)
    return info_of(header, len(data))

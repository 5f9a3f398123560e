from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest

from zensols.persist.codec import CompressedCodec, JsonCodec, SignedPickleCodec
from zensols.persist.codec.bounded import body_within
from zensols.persist.codec.compress import FRAME
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)

JSON = JsonCodec()


@pytest.mark.parametrize("method", [None, "zlib", "zstd", "lz4"])
@pytest.mark.parametrize("value", [None, [], {"a": [1, 2]}, "x" * 5000])
def test_body(method: Any, value: Any) -> None:
    codec = CompressedCodec(JSON, method) if method else JSON
    entry = bytes(codec.encode(value, "k"))
    assert body_within(JSON, entry, "k", 5002) == JSON.pack(value)[0]


@pytest.mark.parametrize("method", [None, "zlib", "zstd", "lz4"])
def test_body_that_is_too_large(method: Any) -> None:
    codec = CompressedCodec(JSON, method) if method else JSON
    entry = bytes(codec.encode("x" * 5000, "k"))
    with pytest.raises(PersistableError, match="more than 5,001 bytes"):
        body_within(JSON, entry, "k", 5001)


@pytest.mark.parametrize("method", ["zlib", "zstd", "lz4"])
def test_bomb_is_not_unpacked(method: Any) -> None:
    entry = bytes(CompressedCodec(JSON, method).encode("x" * 50_000_000, "k"))
    tracemalloc.start()
    try:
        with pytest.raises(PersistableError, match="Too large"):
            body_within(JSON, entry, "k", 100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    "frame", [b"", FRAME.pack(1 << 60, 0) + b"[]", FRAME.pack(2, 1) + b"[]"]
)
def test_frame_that_lies(frame: bytes) -> None:
    meta = b'{"created":0}'
    entry = bytes(JSON.enclose(zlib.compress(frame), (), 0, meta, "k", 1))
    with pytest.raises(CorruptDataError, match="not what was compressed"):
        body_within(JSON, entry, "k", 1000)


def test_entry_is_checked() -> None:
    entry = bytes(JSON.encode([1], "k"))
    with pytest.raises(UntrustedDataError, match="Wrong place"):
        body_within(JSON, entry, "other", 1000)
    with pytest.raises(CorruptDataError, match="Damaged"):
        body_within(JSON, entry[:-1] + b"x", "k", 1000)
    with pytest.raises(UntrustedDataError, match="another codec"):
        body_within(JSON, bytes(SignedPickleCodec().encode([1], "k")), "k", 1000)


def test_unknown_compression() -> None:
    entry = bytes(JSON.enclose(b"", (), 0, b'{"created":0}', "k", 9))
    with pytest.raises(PersistableError, match="compression number 9"):
        body_within(JSON, entry, "k", 1000)

"""The layout, read and written by hand as docs/format.md has it."""

from __future__ import annotations

import struct
import zlib
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec import JsonCodec, SignedPickleCodec
from zensols.persist.codec import entry as e
from zensols.persist.codec.entry import Header
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)

KEY = bytes(range(32))


def make_entry(
    body: bytes,
    key: bytes | None = None,
    meta: bytes = b'{"created":0.0}',
    codec: int = 2,
    compression: int = 0,
    secret: bytes | None = None,
) -> bytes:
    """Return an entry without buffers, from the specification alone."""
    head = b"\x89ZSP\r\n\x1a\n" + bytes([1, codec, compression])
    head += bytes([(1 if secret else 0) | (2 if key is not None else 0)])
    head += struct.pack("<IIIQ", len(key or b""), len(meta), 0, len(body))
    if secret:
        head += blake2b(secret, digest_size=8, person=b"zsp-key").digest()
    else:
        head += bytes(8)
    rest = (key or b"") + meta + body
    options: dict[str, Any] = {"key": secret} if secret else {}
    tag = blake2b(head + rest, digest_size=24, person=b"zsp-entry", **options)
    return head + tag.digest() + rest


def test_reads_what_the_specification_says() -> None:
    assert JsonCodec().decode(make_entry(b'{"a":1}')) == {"a": 1}
    assert JsonCodec().decode(make_entry(b"[]", b"key"), "key") == []
    pickled = make_entry(b"K\x05.", codec=1, secret=KEY)
    assert SignedPickleCodec(KEY).decode(pickled) == 5


def test_writes_what_the_specification_says() -> None:
    data = bytes(JsonCodec().encode([1], "é"))
    header = Header(data, len(data), "here")
    meta = data[header.key : header.meta]
    assert data == make_entry(b"[1]", "é".encode(), meta)


def test_writes_buffers_as_the_specification_says() -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(5000)
    array.flags.writeable = False
    data = bytes(SignedPickleCodec(KEY).encode([array, numpy.ones(4000)]))
    key_size, meta_size, count, body_size = struct.unpack_from("<IIIQ", data, 12)
    assert (key_size, count) == (0, 2)
    table = data[64 + meta_size : 64 + meta_size + 48]
    rows = list(struct.iter_unpack("<QQII", table))
    first = 64 + meta_size + 48 + body_size
    first += -first % 64
    second = first + 40_000
    assert [row[:2] for row in rows] == [(first, 40_000), (second, 32_000)]
    assert [row[3] for row in rows] == [1, 0]
    for offset, size, crc, _ in rows:
        assert zlib.crc32(data[offset : offset + size]) == crc
    assert data[first:second] == array.tobytes()
    assert len(data) == second + 32_000
    signed = data[:40] + data[64 : 64 + meta_size + 48 + body_size]
    tag = blake2b(signed, digest_size=24, person=b"zsp-entry", key=KEY).digest()
    assert data[40:64] == tag


def test_not_an_entry() -> None:
    for data in (b"other", b"\x80\x05N.", b"x" * 100, b"\x89ZSQ" + bytes(100)):
        with pytest.raises(UntrustedDataError, match="Not an entry: here"):
            Header(data, len(data), "here")


def test_truncated() -> None:
    data = make_entry(b"[]")
    for size in range(64):
        with pytest.raises(CorruptDataError, match="Truncated: here"):
            Header(data[:size], size, "here")


def test_wrong_size() -> None:
    data = make_entry(b"[]")
    for size in (len(data) - 1, len(data) + 1):
        with pytest.raises(CorruptDataError, match="Wrong size: here"):
            Header(data, size, "here")


def test_newer_version() -> None:
    data = bytearray(make_entry(b"[]"))
    data[8] = 2
    with pytest.raises(PersistableError, match="version 2 in here"):
        Header(data, len(data), "here")


def test_huge_lengths_are_no_allocations() -> None:
    data = bytearray(make_entry(b"[]"))
    data[12:32] = b"\xff" * 20
    with pytest.raises(CorruptDataError, match="Wrong size"):
        JsonCodec().decode(data)


@pytest.mark.parametrize(
    "row",
    [
        (0, 10, 0, 0),
        (128, 1 << 63, 0, 0),
        ((1 << 64) - 64, 128, 0, 0),
        (256, 10, 0, 0),
        (127, 10, 0, 0),
    ],
)
def test_buffers_outside_of_the_entry(row: tuple[int, ...]) -> None:
    body = b"body"
    head = b"\x89ZSP\r\n\x1a\n" + bytes([1, 2, 0, 0])
    head += struct.pack("<IIIQ", 0, 0, 1, len(body)) + bytes(8)
    rest = struct.pack("<QQII", *row) + body
    tag = blake2b(head + rest, digest_size=24, person=b"zsp-entry").digest()
    data = (head + tag + rest).ljust(138, b"\0")
    with pytest.raises(CorruptDataError, match="Wrong size: here"):
        JsonCodec().decode(data, source="here")


@given(st.integers(0, 1 << 40))
def test_align(place: int) -> None:
    aligned = e.align(place)
    assert aligned % 64 == 0
    assert place <= aligned < place + 64


@given(st.text(st.characters(exclude_categories=())))
def test_keys_come_back(key: str) -> None:
    assert e.decode_key(e.encode_key(key)) == key
    data = bytes(JsonCodec().encode(1, key))
    header = Header(data, len(data), "here")
    header.open(data)
    assert header.stash_key == key
    assert JsonCodec().decode(data, key) == 1

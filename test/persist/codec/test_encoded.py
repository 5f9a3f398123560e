from __future__ import annotations

import zlib

import pytest

from zensols.persist.codec import SignedPickleCodec
from zensols.persist.codec.encoded import Encoded, checksum

numpy = pytest.importorskip("numpy")


def seal(checksums: object, offsets: object) -> bytes:
    return b"front"


def test_whole_entry() -> None:
    encoded = Encoded(b"whole")
    assert bytes(encoded) == b"whole"
    assert encoded.parts == encoded.whole() == [b"whole"]
    assert encoded.size == 5
    assert not encoded.buffers


def test_body_apart() -> None:
    encoded = Encoded(b"front", b"body")
    assert bytes(encoded) == b"frontbody"
    assert encoded.parts == [b"front", b"body"]
    assert encoded.size == 9


def test_buffers_are_aligned() -> None:
    buffers = [memoryview(b"x" * 65), memoryview(b"y" * 64), memoryview(b"z")]
    encoded = Encoded(bytes(5), b"body", buffers, seal)
    assert encoded.offsets == [64, 192, 256]
    assert encoded.size == 257
    whole = bytes(encoded)
    assert whole[:64] == b"frontbody" + bytes(55)
    assert whole[64:192] == b"x" * 65 + bytes(63)
    assert whole[192:] == b"y" * 64 + b"z"


def test_seal_gets_checksums_and_offsets() -> None:
    seen = []

    def record(checksums: object, offsets: object) -> bytes:
        seen.append((checksums, offsets))
        return b"front"

    bytes(Encoded(bytes(5), b"", [memoryview(b"abc")], record))
    assert seen == [([zlib.crc32(b"abc")], [64])]


def test_buffers_are_not_copied(codec: SignedPickleCodec) -> None:
    array = numpy.zeros(100_000)
    encoded = codec.encode(array)
    (buffer,) = encoded.buffers
    array[0] = 1
    assert buffer[:8] != bytes(8)


@pytest.mark.parametrize("size", [0, 1, (1 << 22) - 1, 1 << 22, (1 << 22) + 1])
def test_checksum(size: int) -> None:
    data = b"abc" * (size // 3 + 1)
    assert checksum(data[:size]) == zlib.crc32(data[:size])


def test_checksum_goes_on() -> None:
    assert checksum(b"def", checksum(memoryview(b"abc"))) == zlib.crc32(b"abcdef")

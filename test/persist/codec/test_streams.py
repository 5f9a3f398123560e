from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec.streams import compress, decompress
from zensols.persist.error import CorruptDataError, PersistableError

METHODS = ["zlib", "zstd", "lz4"]


def pack(method: str, *parts: bytes, level: int | None = None) -> bytes:
    return b"".join(compress(method, level, parts))


def unpack(method: str, data: bytes) -> bytes:
    return b"".join(decompress(method, data, "here"))


@pytest.mark.parametrize("method", METHODS)
@given(parts=st.lists(st.binary()))
def test_round_trip(method: str, parts: list[bytes]) -> None:
    assert unpack(method, pack(method, *parts)) == b"".join(parts)


@pytest.mark.parametrize("method", METHODS)
def test_large_pieces(method: str) -> None:
    parts = [bytes(5_000_000), bytes(range(256)) * 10_000, b"x"]
    assert unpack(method, pack(method, *parts)) == b"".join(parts)


@pytest.mark.parametrize("method", METHODS)
def test_any_buffer(method: str) -> None:
    parts: list[Any] = [bytearray(b"ab"), memoryview(b"cd")]
    data = b"".join(compress(method, None, parts))
    for kind in (bytes, bytearray, memoryview):
        assert b"".join(decompress(method, kind(data), "here")) == b"abcd"


def test_other_programs_read_it() -> None:
    assert zlib.decompress(pack("zlib", b"abc")) == b"abc"
    zstandard = pytest.importorskip("zstandard")
    reader = zstandard.ZstdDecompressor().decompressobj()
    assert reader.decompress(pack("zstd", b"abc")) == b"abc"
    frame = pytest.importorskip("lz4.frame")
    assert frame.decompress(pack("lz4", b"abc")) == b"abc"


def test_reads_what_other_programs_wrote() -> None:
    assert unpack("zlib", zlib.compress(b"abc")) == b"abc"
    zstandard = pytest.importorskip("zstandard")
    assert unpack("zstd", zstandard.ZstdCompressor().compress(b"abc")) == b"abc"
    frame = pytest.importorskip("lz4.frame")
    assert unpack("lz4", frame.compress(b"abc")) == b"abc"


@pytest.mark.parametrize("method", METHODS)
def test_levels(method: str) -> None:
    words = (str(i * i % 997).encode() * 3 for i in range(20_000))
    data = b" ".join(words)
    quick, hard = (len(pack(method, data, level=level)) for level in (1, 9))
    assert hard < quick < len(data)
    assert unpack(method, pack(method, data, level=9)) == data


@pytest.mark.parametrize(
    ("method", "level"), [("zlib", 10), ("zlib", 10**20), ("zstd", 1000), ("lz4", "x")]
)
def test_unknown_levels(method: str, level: Any) -> None:
    with pytest.raises(PersistableError, match=f"{method} at level {level!r}"):
        pack(method, b"", level=level)


@pytest.mark.parametrize("method", METHODS)
def test_bombs_come_in_small_pieces(method: str) -> None:
    data = pack(method, bytes(100_000_000))
    assert len(data) < 1_000_000
    pieces = decompress(method, data, "here")
    assert max(len(piece) for piece in pieces) <= 1 << 20


@pytest.mark.parametrize("method", METHODS)
def test_damage(method: str) -> None:
    data = pack(method, b"some text " * 100)
    for damaged in (b"", b"other", b"\0" + data[1:]):
        with pytest.raises(CorruptDataError, match=f"here can't be .* {method}"):
            unpack(method, damaged)


@pytest.mark.parametrize("method", METHODS)
def test_truncated(method: str) -> None:
    data = pack(method, bytes(range(256)) * 10)
    for size in range(len(data)):
        with pytest.raises(CorruptDataError, match="here"):
            unpack(method, data[:size])


@pytest.mark.parametrize(
    ("method", "module"), [("zstd", "zstandard"), ("lz4", "lz4.frame")]
)
def test_missing_packages(
    method: str, module: str, run_python: Callable[..., str]
) -> None:
    found = run_python(
        """
import sys
from zensols.persist.codec import CompressedCodec, JsonCodec
from zensols.persist.codec.streams import compress, decompress
from zensols.persist.error import PersistableError
method, module = sys.argv[1:]
sys.modules[module] = None
for use in (
    lambda: list(compress(method, None, ())),
    lambda: list(decompress(method, b"x", "here")),
    lambda: CompressedCodec(JsonCodec(), method),
):
    try:
        use()
    except PersistableError as e:
        print(type(e).__name__, e)
""",
        method,
        module,
    ).splitlines()
    assert len(found) == 3
    for line in found:
        assert line.startswith("PersistableError ")
        assert f"pip install 'zensols.persist[{method}]'" in line

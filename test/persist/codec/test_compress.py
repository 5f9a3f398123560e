from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec import (
    BarePickleCodec,
    Codec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
    dump_file,
    file_info,
    load_file,
    read_info,
    verify_file,
)
from zensols.persist.codec.compress import Method, inflate
from zensols.persist.codec.entry import DILL, Header
from zensols.persist.error import (
    AlteredDataError,
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.testing import CodecContract

KEY = "42" * 32
METHODS: list[Method] = ["zlib", "zstd", "lz4"]


class TestSigned(CodecContract):
    @pytest.fixture(params=METHODS)
    def codec(self, request: pytest.FixtureRequest) -> Codec:
        return CompressedCodec(SignedPickleCodec(KEY), request.param)


class TestJson(CodecContract):
    @pytest.fixture
    def codec(self) -> Codec:
        return CompressedCodec(JsonCodec(), "zlib", 9)


class TestBare(CodecContract):
    has_entries = False

    @pytest.fixture(params=METHODS)
    def codec(self, request: pytest.FixtureRequest) -> Codec:
        return CompressedCodec(BarePickleCodec(trust="any"), request.param)


def body_of(data: bytes) -> bytes:
    header = Header(data, len(data), "")
    header.open(data)
    return bytes(header.data[header.body : header.end])


def test_format() -> None:
    """As the module's documentation has it."""
    numpy = pytest.importorskip("numpy")
    value = [numpy.arange(5000), numpy.ones(3000)]
    value[1].flags.writeable = False
    data = bytes(CompressedCodec(SignedPickleCodec(KEY)).encode(value))
    assert data[10] == 1
    assert struct.unpack_from("<I", data, 20) == (0,)
    plain = zlib.decompress(body_of(data))
    size, count = struct.unpack_from("<QI", plain)
    rows = list(struct.iter_unpack("<QB", plain[12 : 12 + 9 * count]))
    assert rows == [(40_000, 0), (24_000, 1)]
    start = 12 + 9 * count + size
    assert plain[start : start + 40_000] == value[0].tobytes()
    assert plain[start + 40_000 :] == value[1].tobytes()
    found = pickle.loads(
        plain[12 + 9 * count : start],
        buffers=[bytearray(plain[start : start + 40_000]), plain[start + 40_000 :]],
    )
    assert (found[0] == value[0]).all()


@pytest.mark.parametrize("method", METHODS)
def test_any_codec_reads_any_compression(method: Method, tmp_path: Path) -> None:
    path = str(tmp_path / "entry")
    value = ["x" * 3_000_000]
    plain = SignedPickleCodec(KEY)
    codecs = [plain, *(CompressedCodec(plain, m) for m in METHODS)]
    for writer in (plain, CompressedCodec(plain, method)):
        dump_file(writer, value, path, "key")
        for reader in codecs:
            assert load_file(reader, path, "key") == value
            assert verify_file(reader, path, "key") == file_info(path)


@pytest.mark.parametrize("method", METHODS)
def test_is_smaller(method: Method) -> None:
    value = [f"line {i % 100} of the text" for i in range(1000)]
    for inner in (SignedPickleCodec(KEY), JsonCodec(), BarePickleCodec()):
        small = CompressedCodec(inner, method).encode(value)
        assert small.size < inner.encode(value).size * 0.9


@pytest.mark.parametrize("method", METHODS)
def test_arrays(method: Method) -> None:
    numpy = pytest.importorskip("numpy")
    codec = CompressedCodec(SignedPickleCodec(KEY), method)
    frozen = numpy.arange(300_000).reshape(-1, 3)
    frozen.flags.writeable = False
    value = {
        "large": numpy.ones((1000, 500)),
        "fortran": numpy.asfortranarray(numpy.arange(60_000).reshape(200, 300)),
        "frozen": frozen,
        "small": numpy.arange(3),
        "bytearray": bytearray(b"x" * 100_000),
    }
    data = bytes(codec.encode(value))
    assert len(data) < 3_000_000
    found = codec.decode(data)
    for name, original in value.items():
        assert numpy.array_equal(found[name], original)
    assert found["large"].flags.writeable
    assert found["fortran"].flags.f_contiguous
    assert not found["frozen"].flags.writeable
    found["large"] += 1


@given(
    st.lists(st.binary(max_size=100)),
    st.sampled_from(METHODS),
    st.binary(max_size=100),
)
def test_any_buffers(buffers: list[bytes], method: Method, body: bytes) -> None:
    class Inner(JsonCodec):
        def pack(self, value: Any) -> Any:
            kinds = (bytes, bytearray)
            return body, [memoryview(kinds[i % 2](b)) for i, b in enumerate(buffers)], 8

        def unpack(self, body: Any, buffers: Any, flags: int, source: str) -> Any:
            return bytes(body), list(buffers), flags

    codec = CompressedCodec(Inner(), method)
    found, views, flags = codec.decode(bytes(codec.encode(None, "key")), "key")
    assert found == body
    assert views == buffers
    assert [view.readonly for view in views] == [i % 2 == 0 for i in range(len(views))]
    assert flags & 8


def test_dill(codec: SignedPickleCodec) -> None:
    offset = 5
    compressed = CompressedCodec(codec)
    data = bytes(compressed.encode(lambda x: x + offset))
    assert Header(data, len(data), "").flags & DILL
    assert compressed.decode(data)(1) == 6


def test_nothing_unverified_is_decompressed(
    bomb: Any, codec: SignedPickleCodec
) -> None:
    """Not even where the method's package has a fault."""
    data = bytearray(bytes(CompressedCodec(codec).encode(bomb)))
    start = len(data) - len(body_of(bytes(data)))
    for place in range(start, len(data)):
        data[place] ^= 1
        with pytest.raises(AlteredDataError):
            codec.decode(data)
        data[place] ^= 1
    foreign = bytes(CompressedCodec(SignedPickleCodec("43" * 32)).encode(bomb))
    with pytest.raises(UntrustedDataError, match="Foreign"):
        CompressedCodec(codec).decode(foreign)


def forge(plain: bytes) -> bytes:
    return bytes(JsonCodec().enclose(zlib.compress(plain), (), 0, b"{}", None, 1))


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\0" * 11,
        struct.pack("<QI", 5, 0) + b"null",
        struct.pack("<QI", 0, 1 << 31),
        struct.pack("<QI", 0, 1) + struct.pack("<QB", 10, 0) + b"short",
        struct.pack("<QI", (1 << 64) - 1, 0) + b"null",
        struct.pack("<QI", 1 << 63, 0) + b"null",
    ],
)
def test_forged_frames(plain: bytes) -> None:
    with pytest.raises(CorruptDataError, match="Truncated: here"):
        JsonCodec().decode(forge(plain), source="here")
    good = struct.pack("<QI", 4, 0) + b"null"
    assert JsonCodec().decode(forge(good)) is None


def test_not_compressed() -> None:
    data = bytes(JsonCodec().enclose(b"null", (), 0, b"{}", None, 1))
    with pytest.raises(CorruptDataError, match="here can't be decompressed"):
        JsonCodec().decode(data, source="here")
    with pytest.raises(PersistableError, match="number 7"):
        inflate(memoryview(b""), 7, "here")


@pytest.mark.parametrize("method", METHODS)
def test_bare_streams(method: Method, bomb: Any) -> None:
    data = bytes(CompressedCodec(BarePickleCodec(), method).encode(bomb))
    with pytest.raises(UntrustedDataError, match="trust='any'"):
        CompressedCodec(BarePickleCodec(), method).decode(data)
    if method == "zlib":
        assert pickle.dumps(bomb, 5) == zlib.decompress(data)


def test_unknown_method() -> None:
    with pytest.raises(PersistableError, match="'gzip': use one of zlib, zstd, lz4"):
        CompressedCodec(JsonCodec(), "gzip")  # type: ignore[arg-type]


def test_unknown_level() -> None:
    with pytest.raises(PersistableError, match="zlib at level 99"):
        CompressedCodec(JsonCodec(), "zlib", 99)


def test_culprits(codec: SignedPickleCodec) -> None:
    for inner in (codec, JsonCodec(), BarePickleCodec()):
        with pytest.raises(PersistableError, match=r"value\['a'\]"):
            CompressedCodec(inner).encode({"a": (x for x in ())})


def test_travels(config: Path) -> None:
    codec = CompressedCodec(SignedPickleCodec(), "lz4", 3)
    data = bytes(codec.encode([1], "key"))
    copy = pickle.loads(pickle.dumps(codec))
    assert repr(copy) == repr(codec)
    assert copy.decode(data, "key") == [1]
    assert read_info(bytes(copy.encode(1))).compression == "lz4"


def test_compressing_takes_little_memory(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    found = run_python(
        """
import resource, sys
import numpy as np
from zensols.persist.codec import CompressedCodec, SignedPickleCodec, dump_file
codec = CompressedCodec(SignedPickleCodec("42" * 32), "lz4")
dump_file(codec, np.zeros(1 << 20), sys.argv[1])
array = np.zeros(1 << 23)
array += 1
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
dump_file(codec, array, sys.argv[1])
print(peak() - before)
""",
        tmp_path / "entry",
    )
    assert int(found) < 16 << 10

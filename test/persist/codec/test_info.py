from __future__ import annotations

import pickle
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec import (
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
    dump_file,
    file_info,
    read_info,
)
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)

numpy = pytest.importorskip("numpy")


def test_tells_all(codec: SignedPickleCodec) -> None:
    before = time.time()
    data = bytes(
        codec.encode(numpy.zeros((3, 4), "f4"), "k", fingerprint="f", seconds=2)
    )
    info = read_info(data)
    assert info.created is not None
    assert before <= info.created.timestamp() <= time.time()
    assert info.created.tzinfo is UTC
    assert (info.key, info.codec, info.type) == ("k", "pickle", "numpy.ndarray")
    assert (info.shape, info.dtype) == ((3, 4), "float32")
    assert (info.fingerprint, info.seconds) == ("f", 2.0)
    assert (info.size, info.signed, info.compression) == (len(data), True, None)


def test_tells_what_is_not_there() -> None:
    info = read_info(bytes(JsonCodec().encode(None)))
    assert info.key is None
    assert (info.codec, info.type, info.signed) == ("json", "builtins.NoneType", False)
    assert info.shape is info.dtype is info.seconds is None
    assert info.fingerprint == ""


def test_empty_key_is_a_key() -> None:
    assert read_info(bytes(JsonCodec().encode(None, ""))).key == ""


@pytest.mark.parametrize("method", ["zlib", "zstd", "lz4"])
def test_tells_the_compression(method: Any, codec: SignedPickleCodec) -> None:
    info = read_info(bytes(CompressedCodec(codec, method).encode(1)))
    assert (info.codec, info.compression) == ("pickle", method)


def test_names_odd_types(codec: SignedPickleCodec) -> None:
    name = 'we"ird\\é\n'
    kind = type(name, (), {"__module__": "a.b", "__reduce__": lambda self: "codec"})

    class Local:
        pass

    expected = f"{Local.__module__}.test_names_odd_types.<locals>.Local"
    assert read_info(bytes(codec.encode(Local()))).type == expected
    assert read_info(bytes(CompressedCodec(codec).encode(Local()))).type == expected
    data = bytes(JsonCodec(()).enclose(b"1", (), 0, _describe(kind()), None))
    assert read_info(data).type == f"a.b.{name}"


def _describe(value: object) -> bytes:
    from zensols.persist.codec.info import describe

    return describe(value, "", None)


class Computing:
    """Has attributes that must not be computed for a listing."""

    touched = 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        Computing.touched += 1
        raise AssertionError


class Faulty:
    """Says that it is an array."""

    dtype = "f4"

    @property
    def shape(self) -> Any:
        raise RuntimeError


def test_does_not_compute_attributes(codec: SignedPickleCodec) -> None:
    value = Computing()
    assert read_info(bytes(codec.encode([]))).shape is None
    _describe(value)
    assert Computing.touched == 0
    assert read_info(bytes(codec.encode(Faulty()))).shape is None


def test_numpy_seconds(codec: SignedPickleCodec) -> None:
    data = codec.encode(1, seconds=numpy.float64(1.5))
    assert read_info(bytes(data)).seconds == 1.5


def test_fingerprints_of_any_text() -> None:
    data = bytes(JsonCodec().encode(1, fingerprint='é"\\'))
    assert read_info(data).fingerprint == 'é"\\'


def test_decodes_nothing(codec: SignedPickleCodec, bomb: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "entry")
    dump_file(codec, bomb, path, "key")
    info = file_info(path)
    assert info.key == "key"
    assert info == read_info(Path(path).read_bytes())


def test_needs_no_key(tmp_path: Path) -> None:
    path = str(tmp_path / "entry")
    dump_file(SignedPickleCodec(b"other".ljust(32)), 1, path, "key")
    assert file_info(path).signed


def test_reads_the_front_of_a_file_only(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    dump_file(JsonCodec(), ["x" * 100_000], str(path), "key" * 10_000)
    data = bytearray(path.read_bytes())
    data[-50_000:] = bytes(50_000)
    path.write_bytes(data)
    assert file_info(str(path)).key == "key" * 10_000


def test_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "other"
    with pytest.raises(FileNotFoundError):
        file_info(str(path))
    path.write_bytes(pickle.dumps(list(range(100))))
    with pytest.raises(UntrustedDataError, match="other"):
        file_info(str(path))
    path.write_bytes(b"")
    with pytest.raises(CorruptDataError, match="other"):
        file_info(str(path))
    with pytest.raises(PersistableError, match="folder"):
        file_info(str(tmp_path))


@given(st.binary(max_size=60))
def test_damaged_metadata(meta: bytes) -> None:
    data = bytes(JsonCodec().enclose(b"1", (), 0, meta, "key"))
    try:
        info = read_info(data, "here")
    except CorruptDataError:
        return
    assert info.key == "key"


@pytest.mark.parametrize(
    "meta",
    [
        b"[]",
        b"{}",
        b"null",
        b'{"created":"x"}',
        b'{"created":1e300}',
        b'{"created":[]}',
        b'{"created":0,"shape":1}',
        b'{"created":0,"shape":["x"]}',
        b'{"created":0,"type":1}',
        b"",
    ],
)
def test_metadata_of_wrong_types(meta: bytes) -> None:
    data = bytes(JsonCodec().enclose(b"1", (), 0, meta, None))
    with pytest.raises(CorruptDataError, match="Damaged metadata in here"):
        read_info(data, "here")


def test_flipped_bits_are_found_or_harmless(codec: SignedPickleCodec) -> None:
    data = bytearray(bytes(codec.encode(1, "key", fingerprint="f00", seconds=1)))
    for place in range(len(data)):
        for bit in range(8):
            data[place] ^= 1 << bit
            try:
                info = read_info(data)
            except PersistableError:
                pass
            else:
                assert info.size == len(data)
                assert isinstance(info.created, datetime)
            data[place] ^= 1 << bit

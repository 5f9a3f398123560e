from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import (
    BarePickleCodec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
    default_codec,
    dump_file,
    strict,
    verify_entry,
    verify_file,
)
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)

numpy = pytest.importorskip("numpy")


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def refused(check: Callable[[], object]) -> bool:
    try:
        check()
    except PersistableError:
        return True
    return False


class NeverUnpickled:
    def __reduce__(self) -> Any:
        return _fail, ()


def _fail() -> None:
    raise AssertionError("unpickled")


def test_tells_what_it_is_without_unpickling() -> None:
    entry = bytes(default_codec().encode(NeverUnpickled(), "a", seconds=2.0))
    info = verify_entry(default_codec(), entry, "a")
    assert info.type is not None
    assert info.type.endswith("NeverUnpickled")
    assert (info.key, info.seconds, info.size) == ("a", 2.0, len(entry))
    assert verify_entry(CompressedCodec(default_codec()), entry, "a") == info


def test_each_byte_is_checked(tmp_path: Path) -> None:
    array = numpy.arange(1 << 12, dtype="f8")
    entry = bytes(default_codec().encode([array, array + 1], "a"))
    path = tmp_path / "a.dat"
    buffers = len(entry) - 2 * array.nbytes
    for place in [*range(0, buffers, 7), buffers, len(entry) - 1]:
        damaged = flipped(entry, place)
        path.write_bytes(damaged)
        for check in (
            lambda data=damaged: verify_entry(
                default_codec(), data, "a", source=str(path)
            ),
            lambda: verify_file(default_codec(), str(path), "a"),
        ):
            # Only what pads the buffers is nobody's.
            if place < buffers and entry[place] == 0 and not refused(check):
                continue
            with pytest.raises(PersistableError, match=r"a\.dat"):
                check()


def test_wrong_place_and_wrong_key() -> None:
    entry = bytes(default_codec().encode(1, "a"))
    with pytest.raises(UntrustedDataError, match="written for key 'a', not for 'b'"):
        verify_entry(default_codec(), entry, "b")
    with pytest.raises(UntrustedDataError, match="signed with key"):
        verify_entry(SignedPickleCodec(key=b"k" * 32), entry)
    with pytest.raises(CorruptDataError):
        verify_entry(default_codec(), entry[:-1])
    with pytest.raises(PersistableError, match="has no checksums"):
        verify_entry(BarePickleCodec(), entry)


def test_files_are_the_same(tmp_path: Path) -> None:
    path = str(tmp_path / "a.dat")
    dump_file(default_codec(), [1], path, "a")
    entry = Path(path).read_bytes()
    assert verify_file(default_codec(), path, "a") == verify_entry(
        default_codec(), entry, "a"
    )
    with pytest.raises(FileNotFoundError):
        verify_file(default_codec(), str(tmp_path / "b.dat"))


def test_strict_codec() -> None:
    trusting = SignedPickleCodec(trust="any")
    for codec in (trusting, CompressedCodec(trusting)):
        found = strict(codec)
        assert isinstance(found, SignedPickleCodec)
        assert found.trust == "signed"
    plain = JsonCodec()
    assert strict(plain) is plain
    assert strict(CompressedCodec(plain)) is plain

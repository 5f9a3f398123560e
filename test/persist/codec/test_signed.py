from __future__ import annotations

import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec import (
    Codec,
    SignedPickleCodec,
    SigningKey,
    default_codec,
    dump_file,
    load_file,
    read_info,
)
from zensols.persist.codec.entry import Header
from zensols.persist.error import (
    AlteredDataError,
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.testing import CodecContract

KEY = "42" * 32
OTHER = "43" * 32

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers() | st.text(), max_size=1)
    ),
    max_leaves=20,
)


class TestSigned(CodecContract):
    @pytest.fixture
    def codec(self) -> Codec:
        return SignedPickleCodec(KEY)


class TestUnmapped(CodecContract):
    @pytest.fixture
    def codec(self) -> Codec:
        return SignedPickleCodec(KEY, mmap_mode=None, check_buffers=True)


@given(PLAIN, st.none() | st.text())
def test_round_trip(value: Any, key: str | None) -> None:
    codec = SignedPickleCodec(KEY)
    found = codec.decode(bytes(codec.encode(value, key)), key)
    assert found == value
    assert repr(found) == repr(value)


def test_no_flipped_bit_is_unpickled(codec: SignedPickleCodec, bomb: Any) -> None:
    data = bytearray(bytes(codec.encode(bomb, "key")))
    codec.decode(data, "key")
    os.rmdir(bomb.path)  # That is, it works.
    for place in range(len(data)):
        for bit in range(8):
            data[place] ^= 1 << bit
            with pytest.raises(PersistableError, match="some entry"):
                codec.decode(data, "key", source="some entry")
            data[place] ^= 1 << bit


def test_flips_in_files_name_them(
    codec: SignedPickleCodec, bomb: Any, tmp_path: Path
) -> None:
    path = tmp_path / "some entry"
    data = bytearray(bytes(codec.encode(bomb, "key")))
    for place in range(len(data)):
        data[place] ^= 1 << place % 8
        path.write_bytes(data)
        with pytest.raises(PersistableError, match="some entry"):
            load_file(codec, str(path), "key")
        data[place] ^= 1 << place % 8


def test_flips_in_a_large_entry(codec: SignedPickleCodec, tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "some entry"
    value = [numpy.arange(20_000), "x" * 100_000, numpy.ones((300, 100))]
    dump_file(codec, value, str(path), "key")
    good = path.read_bytes()
    header = Header(good, len(good), "")
    assert header.rows == 2
    header.open(good)
    rows = header.table(len(good))
    front = [(place, bit) for place in range(header.body) for bit in range(8)]
    chance = random.Random(1)
    places = [chance.randrange(header.body, header.end) for _ in range(100)]
    for offset, size, _, _ in rows:
        places += [offset, offset + size - 1]
        places += [chance.randrange(offset, offset + size) for _ in range(50)]
    for place, bit in [*front, *((p, chance.randrange(8)) for p in places)]:
        data = bytearray(good)
        data[place] ^= 1 << bit
        with pytest.raises(PersistableError, match="some entry"):
            codec.decode(data, "key", source="some entry")


def test_truncated_or_extended(
    codec: SignedPickleCodec, bomb: Any, tmp_path: Path
) -> None:
    path = tmp_path / "some entry"
    data = bytes(codec.encode(bomb, "key"))
    parts = [data[:size] for size in range(len(data))]
    for part in [*parts, data + b"\0", data + data, data + bytes(1 << 20)]:
        path.write_bytes(part)
        with pytest.raises(CorruptDataError, match="some entry"):
            load_file(codec, str(path), "key")


def test_truncated_or_extended_buffers(
    codec: SignedPickleCodec, tmp_path: Path
) -> None:
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "some entry"
    dump_file(codec, numpy.arange(200_000), str(path))
    data = path.read_bytes()
    sizes = [*range(0, len(data), 9973), len(data) - 1]
    for part in [*(data[:size] for size in sizes), data + b"\0", data + bytes(64)]:
        path.write_bytes(part)
        with pytest.raises(CorruptDataError, match="some entry"):
            load_file(codec, str(path))


def test_altered(codec: SignedPickleCodec) -> None:
    data = bytearray(bytes(codec.encode([1, 2])))
    data[-2] ^= 1
    with pytest.raises(AlteredDataError, match="Altered: here") as error:
        codec.decode(data, source="here")
    assert "not unpickled" in str(error.value)


def test_forged_with_the_right_fingerprint(codec: SignedPickleCodec, bomb: Any) -> None:
    """Whoever read an entry knows the fingerprint, and not the key."""

    class Forger(SignedPickleCodec):
        @property
        def key_fingerprint(self) -> bytes:
            return codec.key_fingerprint

    codec.encode(1)
    data = bytes(Forger(OTHER).encode(bomb, "key"))
    for trust in ("signed", "any"):
        with pytest.raises(AlteredDataError):
            SignedPickleCodec(KEY, trust=trust).decode(data, "key")


def test_foreign(codec: SignedPickleCodec, bomb: Any) -> None:
    data = bytes(SignedPickleCodec(OTHER).encode(bomb, "key"))
    with pytest.raises(UntrustedDataError, match="Foreign: here") as error:
        codec.decode(data, "key", source="here")
    assert not isinstance(error.value, CorruptDataError)
    for digits in (KEY, OTHER):
        assert SigningKey.of(digits).fingerprint.hex() in str(error.value)
        assert digits not in str(error.value)
    assert "ZENSOLS_PERSIST_KEY" in str(error.value)
    assert "trust='any'" in str(error.value)


def test_foreign_with_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(SignedPickleCodec(OTHER).encode([1], "key"))
    assert SignedPickleCodec(KEY, trust="any").decode(data, "key") == [1]
    monkeypatch.setenv("ZENSOLS_PERSIST_TRUST", "any")
    assert SignedPickleCodec(KEY).decode(data, "key") == [1]
    with pytest.raises(UntrustedDataError, match="Wrong place"):
        SignedPickleCodec(KEY).decode(data, "other")
    with pytest.raises(UntrustedDataError, match="Foreign"):
        SignedPickleCodec(KEY, trust="signed").decode(data, "key")


def test_foreign_with_trust_and_no_key(config: Path) -> None:
    data = bytes(SignedPickleCodec(OTHER).encode([1]))
    assert SignedPickleCodec(trust="any").decode(data) == [1]
    assert not config.exists()


def test_no_key_names_the_file(config: Path) -> None:
    data = bytes(SignedPickleCodec(OTHER).encode([1]))
    with pytest.raises(UntrustedDataError, match=r"ZENSOLS_PERSIST_KEY.*\(here\)"):
        SignedPickleCodec().decode(data, source="here")


def test_bare_pickle_is_not_run(
    codec: SignedPickleCodec, bomb: Any, tmp_path: Path
) -> None:
    path = tmp_path / "bare"
    for protocol in range(6):
        path.write_bytes(pickle.dumps(bomb, protocol))
        with pytest.raises(UntrustedDataError, match="trust='any'") as error:
            load_file(codec, str(path))
        assert str(path) in str(error.value)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_bare_pickle_with_trust(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bare"
    path.write_bytes(pickle.dumps([b"x" * size]))
    assert load_file(SignedPickleCodec(KEY, trust="any"), str(path)) == [b"x" * size]
    with pytest.raises(UntrustedDataError):
        load_file(SignedPickleCodec(KEY), str(path))
    monkeypatch.setenv("ZENSOLS_PERSIST_TRUST", "any")
    assert load_file(SignedPickleCodec(KEY), str(path)) == [b"x" * size]


def test_unknown_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PersistableError, match=r"'all' \(argument\)"):
        SignedPickleCodec(KEY, trust="all")  # type: ignore[arg-type]
    monkeypatch.setenv("ZENSOLS_PERSIST_TRUST", "ANY")
    with pytest.raises(PersistableError, match=r"'ANY' \(ZENSOLS_PERSIST_TRUST\)"):
        SignedPickleCodec(KEY)
    assert SignedPickleCodec(KEY, trust="signed").trust == "signed"
    monkeypatch.setenv("ZENSOLS_PERSIST_TRUST", "")
    assert SignedPickleCodec(KEY).trust == "signed"


def test_unknown_mmap_mode() -> None:
    with pytest.raises(PersistableError, match="mmap_mode 'w'"):
        SignedPickleCodec(KEY, mmap_mode="w")  # type: ignore[arg-type]


def test_writes_are_always_signed() -> None:
    data = bytes(SignedPickleCodec(KEY, trust="any").encode(1))
    assert read_info(data).signed
    assert SignedPickleCodec(KEY).decode(data) == 1


def test_pickles_without_its_key(config: Path) -> None:
    codec = SignedPickleCodec(trust="any", mmap_mode="r", check_buffers=True)
    entry = bytes(codec.encode([1]))
    data = pickle.dumps(codec)
    digits = config.read_text().strip()
    assert digits.encode() not in data
    assert bytes.fromhex(digits) not in data
    copy = pickle.loads(data)
    assert (copy.trust, copy.mmap_mode, copy.check_buffers) == ("any", "r", True)
    assert copy.decode(entry) == [1]
    assert copy.key_fingerprint == codec.key_fingerprint


def test_own_key_does_not_travel(codec: SignedPickleCodec) -> None:
    with pytest.raises(PersistableError, match="ZENSOLS_PERSIST_KEY"):
        pickle.dumps(codec)


def test_repr_hides_the_key(codec: SignedPickleCodec) -> None:
    codec.encode(1)
    assert repr(codec) == "SignedPickleCodec(trust='signed', mmap_mode='c')"


def test_default_codec_follows_the_environment(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = default_codec()
    assert default_codec() is first
    assert first.trust == "signed"
    monkeypatch.setenv("ZENSOLS_PERSIST_TRUST", "any")
    assert default_codec().trust == "any"
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", KEY)
    default_codec().encode(1)
    expected = SigningKey.of(KEY).fingerprint
    assert default_codec().key_fingerprint == expected
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", OTHER)
    default_codec().encode(1)
    assert default_codec().key_fingerprint == SigningKey.of(OTHER).fingerprint


def test_needs_no_dill_for_plain_values(run_python: Callable[..., str]) -> None:
    found = run_python(
        """
import sys
from zensols.persist.codec import SignedPickleCodec
codec = SignedPickleCodec("42" * 32)
assert codec.decode(bytes(codec.encode({"a": [1]}))) == {"a": [1]}
print(sorted({"dill", "numpy", "multiprocessing"} & set(sys.modules)))
"""
    )
    assert found == "[]"

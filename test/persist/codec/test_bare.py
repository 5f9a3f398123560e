from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.codec import BarePickleCodec, Codec, dump_file, load_file
from zensols.persist.error import PersistableError, UntrustedDataError
from zensols.persist.testing import CodecContract


class TestBare(CodecContract):
    has_entries = False

    @pytest.fixture
    def codec(self) -> Codec:
        return BarePickleCodec(trust="any")


def test_any_program_reads_it() -> None:
    encoded = BarePickleCodec().encode({"a": [1]}, "key", fingerprint="f", seconds=1)
    assert pickle.loads(bytes(encoded)) == {"a": [1]}


def test_arrays_stay_inside() -> None:
    np = pytest.importorskip("numpy")
    data = bytes(BarePickleCodec().encode(np.arange(100_000)))
    assert (pickle.loads(data) == np.arange(100_000)).all()


def test_refused_without_trust(bomb: Any, tmp_path: Path) -> None:
    path = tmp_path / "bare.dat"
    path.write_bytes(pickle.dumps(bomb))
    with pytest.raises(UntrustedDataError, match="trust='any'") as error:
        load_file(BarePickleCodec(), str(path))
    assert str(path) in str(error.value)


def test_trust_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENSOLS_PERSIST_TRUST", "any")
    assert BarePickleCodec().decode(pickle.dumps(1)) == 1
    with pytest.raises(UntrustedDataError):
        BarePickleCodec(trust="signed").decode(pickle.dumps(1))


def test_runs_only_with_trust(bomb: Any) -> None:
    BarePickleCodec(trust="any").decode(pickle.dumps(bomb))
    os.rmdir(bomb.path)


def test_functions_by_dill() -> None:
    offset = 2
    codec = BarePickleCodec(trust="any")
    data = bytes(codec.encode([lambda x: x + offset]))
    assert b"dill" in data
    assert codec.decode(data)[0](1) == 3


def test_old_pickles() -> None:
    codec = BarePickleCodec(trust="any")
    for protocol in range(6):
        assert codec.decode(pickle.dumps({1: "é"}, protocol)) == {1: "é"}


def test_damage_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bare.dat"
    codec = BarePickleCodec(trust="any")
    dump_file(codec, list(range(1000)), str(path))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PersistableError, match=r"bare\.dat"):
        load_file(codec, str(path))


def test_large_files(tmp_path: Path) -> None:
    codec = BarePickleCodec(trust="any")
    path = str(tmp_path / "bare.dat")
    dump_file(codec, [b"x" * 3_000_000], path)
    assert load_file(codec, path) == [b"x" * 3_000_000]

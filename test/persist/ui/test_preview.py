from __future__ import annotations

import pickle
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import (
    DictionaryStash,
    DirectoryStash,
    ExpiringStash,
    LmdbStash,
    SqliteStash,
    StoreUnavailableError,
)
from zensols.persist.codec import (
    BarePickleCodec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
)
from zensols.persist.ui import preview
from zensols.persist.ui.preview import look_at


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryStash[Any]:
    return DirectoryStash(tmp_path / "data")


class Bomb:
    """Says so when it is unpickled."""

    went_off = False

    def __reduce__(self) -> Any:
        return explode, ()


def explode() -> str:
    Bomb.went_off = True
    return "bang"


@pytest.fixture
def bomb() -> Any:
    Bomb.went_off = False
    yield Bomb()
    assert not Bomb.went_off


@dataclass
class Point:
    x: int


def test_signed_value(stash: DirectoryStash[Any]) -> None:
    stash["a"] = {"n": [1, 2]}
    shown = look_at(stash, "a")
    assert shown.problem == ""
    assert shown.trust == "signed with your key"
    assert shown.tree[0]["children"][0]["label"] == "n: list, 2 items"
    assert shown.facts["type"] == "dict"
    assert re.match(r"\d+ (s|min) ago", shown.facts["stored"])
    assert shown.facts["codec"] == "pickle"


def test_json_value(tmp_path: Path) -> None:
    stash: SqliteStash[Any] = SqliteStash(tmp_path / "data.db", codec=JsonCodec())
    stash["a"] = {"n": (1, 2)}
    shown = look_at(stash, "a")
    assert shown.trust == "data only, no code"
    assert shown.tree[0]["children"][0]["label"] == "n: tuple, 2 items"
    stash.close()


def test_json_of_classes_that_are_not_here(tmp_path: Path) -> None:
    there: DirectoryStash[Any] = DirectoryStash(
        tmp_path / "data", codec=JsonCodec(types=[Point])
    )
    there["a"] = Point(3)
    here: DirectoryStash[Any] = DirectoryStash(tmp_path / "data")
    shown = look_at(here, "a")
    assert shown.problem == ""
    assert "Point" in str(shown.tree)


@pytest.mark.parametrize("trust", ["signed", "any"])
def test_foreign_signature(tmp_path: Path, bomb: Any, trust: Any) -> None:
    theirs: DirectoryStash[Any] = DirectoryStash(
        tmp_path / "data", codec=SignedPickleCodec("42" * 32)
    )
    theirs["a"] = bomb
    ours: DirectoryStash[Any] = DirectoryStash(
        tmp_path / "data", codec=SignedPickleCodec(trust=trust)
    )
    ours["own"] = 1
    shown = look_at(ours, "a")
    assert shown.trust == "not to be trusted"
    assert "Foreign" in shown.problem
    assert shown.tree == []
    assert shown.facts["type"].endswith("Bomb")


def test_trust_of_the_environment_does_not_count(
    tmp_path: Path, bomb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs: LmdbStash[Any] = LmdbStash(
        tmp_path / "data", codec=SignedPickleCodec("42" * 32)
    )
    theirs["a"] = bomb
    monkeypatch.setenv("ZENSOLS_PERSIST_TRUST", "any")
    shown = look_at(LmdbStash(tmp_path / "data"), "a")
    assert shown.tree == []
    assert "not to be trusted" in shown.trust
    theirs.close()


def test_bare_pickle(tmp_path: Path, bomb: Any) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(
        tmp_path / "data", codec=BarePickleCodec(trust="any")
    )
    stash["a"] = bomb
    for codec in (stash.codec, None):
        shown = look_at(DirectoryStash(tmp_path / "data", codec=codec), "a")
        assert shown.problem
        assert shown.tree == []


def test_planted_pickle(stash: DirectoryStash[Any], bomb: Any) -> None:
    stash["a"] = 1
    [path] = (p for p in stash.path.iterdir() if p.is_file())
    path.write_bytes(pickle.dumps(bomb))
    assert "not written by this package" in look_at(stash, "a").problem


def test_swapped_entry(stash: DirectoryStash[Any]) -> None:
    stash["a"], stash["b"] = 1, 2
    stash.dump_entry("b", stash.load_entry("a") or b"")
    shown = look_at(stash, "b")
    assert "Wrong place" in shown.problem
    assert shown.tree == []


def test_damaged_entry(tmp_path: Path) -> None:
    stash: SqliteStash[Any] = SqliteStash(tmp_path / "data.db")
    stash["a"] = [1] * 100
    entry = stash.load_entry("a") or b""
    stash.dump_entry("a", entry[:-5] + b"xxxxx")
    shown = look_at(stash, "a")
    assert "Altered" in shown.problem
    stash.dump_entry("a", entry[:-5])
    assert look_at(stash, "a").problem
    stash.close()


def test_absent_key(stash: DirectoryStash[Any]) -> None:
    assert "There is no such key" in look_at(stash, "a").problem


def test_store_without_entries() -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DictionaryStash({"a": 1}), 60)
    shown = look_at(stash, "a")
    assert "keeps no entries" in shown.problem
    assert shown.facts == {}


def test_json_bombs(tmp_path: Path) -> None:
    stash: SqliteStash[Any] = SqliteStash(tmp_path / "data.db", codec=JsonCodec())
    codec = JsonCodec()
    deep = b"[" * 500_000 + b"]" * 500_000
    stash.dump_entry(
        "deep", bytes(codec.enclose(deep, (), 0, b'{"created":0}', "deep"))
    )
    assert "nested too deeply" in look_at(stash, "deep").problem
    stash["large"] = "x" * 3_000_000
    assert "Too large" in look_at(stash, "large").problem
    packed = CompressedCodec(codec).encode(["x" * 1000] * 100_000, "packed")
    stash.dump_entry("packed", bytes(packed))
    assert "Too large" in look_at(stash, "packed").problem
    broken = codec.enclose(b"{]", (), 0, b'{"created":0}', "broken")
    stash.dump_entry("broken", bytes(broken))
    assert "Damaged JSON" in look_at(stash, "broken").problem
    stash.close()


def test_large_entry_is_not_read(stash: DirectoryStash[Any], monkeypatch: Any) -> None:
    stash["a"] = "x" * 1000
    monkeypatch.setattr(preview, "LARGEST", 500)
    monkeypatch.setattr(DirectoryStash, "load_entry", None)
    assert "more than 500 B are not shown" in look_at(stash, "a").problem


def test_long_text(stash: DirectoryStash[Any]) -> None:
    stash["a"] = "<script>\n" * 10_000
    shown = look_at(stash, "a")
    assert shown.text is not None
    assert shown.text.startswith("<script>\n<script>")
    assert shown.text.endswith("… 70,000 characters more")
    assert shown.tree == []


def test_array(stash: DirectoryStash[Any]) -> None:
    np = pytest.importorskip("numpy")
    stash["a"] = np.arange(12.0).reshape(3, 4)
    shown = look_at(stash, "a")
    assert shown.array is not None
    assert shown.array.shape == (3, 4)
    assert shown.facts["shape"] == "3 × 4"
    assert shown.facts["elements"] == "float64"
    stash["b"] = np.float64(1)
    assert look_at(stash, "b").tree[0]["label"] == "float64: np.float64(1.0)"


def test_value_that_can_not_be_unpickled(
    stash: DirectoryStash[Any], monkeypatch: Any
) -> None:
    stash["a"] = Point(1)
    monkeypatch.delattr(f"{__name__}.Point")
    shown = look_at(stash, "a")
    assert "Point" in shown.problem
    assert shown.facts["type"].endswith("Point")


def test_facts_are_printable(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    entry = JsonCodec().enclose(b"1", (), 0, b'{"created":0,"type":"\\u202e"}', "a")
    stash.dump_entry("a", bytes(entry))
    shown = look_at(stash, "a")
    assert all(text.isprintable() for text in shown.facts.values())


def test_unavailable_store_raises(stash: DirectoryStash[Any], monkeypatch: Any) -> None:
    def fail(name: str) -> None:
        raise StoreUnavailableError("no server")

    monkeypatch.setattr(stash, "entry_info", fail)
    with pytest.raises(StoreUnavailableError):
        look_at(stash, "a")

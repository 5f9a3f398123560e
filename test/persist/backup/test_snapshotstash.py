from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.backup import SnapshotStash, snapshot
from zensols.persist.codec import JsonCodec
from zensols.persist.domain import open_stash
from zensols.persist.error import UntrustedDataError


@pytest.fixture
def stash() -> SnapshotStash:
    data = {str(n): n for n in range(1000)} | {"none": None}
    return snapshot(DictionaryStash(data), DictionaryStash()).as_stash()


def test_reads(stash: SnapshotStash) -> None:
    assert stash["7"] == 7
    assert stash.load("no") is stash.load("none") is None
    assert stash.get("no", 1) == 1
    assert stash.get("none", 1) is None
    assert stash.exists("none")
    assert "no" not in stash
    assert len(stash) == len(list(stash.keys())) == 1001
    assert list(stash.load_many(["3", "no", "2"])) == [("3", 3), ("2", 2)]
    assert list(stash.keys()) == sorted(stash.keys())
    info = stash.entry_info("7")
    assert info is not None
    assert info.key == "7"
    with pytest.raises(KeyError):
        stash["no"]


def test_writes_nothing(stash: SnapshotStash) -> None:
    for write in (
        lambda: stash.dump("a", 1),
        lambda: stash.delete("7"),
        stash.clear,
        lambda: stash.dump_entry("a", b""),
    ):
        with pytest.raises(PersistableError, match="read-only"):
            write()
    assert len(stash) == 1001


def test_is_lazy() -> None:
    class Counting(DictionaryStash[Any]):
        reads = 0

        def get(self, name: str, default: Any = None) -> Any:
            self.reads += 1
            return super().get(name, default)

    into = Counting()
    data = {str(n): f"{n}" * 200 for n in range(5000)}
    taken = snapshot(DictionaryStash(data), into)
    into.reads = 0
    assert taken.as_stash()["77"] == "77" * 200
    assert 0 < into.reads < 6


def test_codecs(tmp_path: Path) -> None:
    stash = open_stash(f"dir://{tmp_path}/data?codec=json")
    stash["a"] = [1, 2]
    shown = snapshot(stash, DictionaryStash()).as_stash()
    assert shown["a"] == [1, 2]
    assert SnapshotStash(shown.snapshot, JsonCodec())["a"] == [1, 2]


def test_refuses_foreign_entries(tmp_path: Path) -> None:
    stash: Any = open_stash(f"dir://{tmp_path}/data")
    stash["a"] = 1
    stash.dump_entry("b", stash.load_entry("a"))
    shown = snapshot(stash, DictionaryStash()).as_stash()
    with pytest.raises(UntrustedDataError, match="Wrong place"):
        shown["b"]

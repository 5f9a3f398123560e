from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist import (
    DictionaryStash,
    DirectoryStash,
    ExpiringStash,
    PersistableError,
)
from zensols.persist.ui.trash import Trash


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryStash[Any]:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path / "data")
    for n in range(5):
        stash[f"k{n}"] = "x" * 100
    return stash


def test_entries_come_back_as_they_were(stash: DirectoryStash[Any]) -> None:
    before = {key: stash.load_entry(key) for key in stash.keys()}
    trash = Trash()
    deletion = trash.delete(stash, ["k1", "k3", "absent"])
    assert set(stash.keys()) == {"k0", "k2", "k4"}
    assert deletion.size == len(before["k1"] or b"") + len(before["k3"] or b"")
    assert trash.undo(deletion) == ["k1", "k3"]
    assert {key: stash.load_entry(key) for key in stash.keys()} == before


def test_undo_only_once(stash: DirectoryStash[Any]) -> None:
    trash = Trash()
    deletion = trash.delete(stash, ["k1"])
    trash.undo(deletion)
    with pytest.raises(PersistableError, match="undone already"):
        trash.undo(deletion)


def test_undo_never_overwrites(stash: DirectoryStash[Any]) -> None:
    trash = Trash()
    deletion = trash.delete(stash, ["k1", "k2"])
    stash["k2"] = "new"
    with pytest.raises(PersistableError, match="k2 has a new value: delete that first"):
        trash.undo(deletion)
    assert stash["k2"] == "new"
    assert "k1" not in stash.keys()
    stash.delete("k2")
    assert trash.undo(deletion) == ["k1", "k2"]


def test_what_could_not_be_undone_is_not_deleted(stash: DirectoryStash[Any]) -> None:
    trash = Trash(largest=300)
    with pytest.raises(PersistableError, match="use stash rm"):
        trash.delete(stash, ["k0", "k1"])
    assert len(stash) == 5
    plain: ExpiringStash[Any] = ExpiringStash(DictionaryStash({"a": 1}), 60)
    with pytest.raises(PersistableError, match="DictionaryStash keeps no entries"):
        trash.delete(plain, ["a"])
    assert plain.exists("a") or len(plain.delegate) == 1


def test_oldest_are_forgotten(stash: DirectoryStash[Any]) -> None:
    size = len(stash.load_entry("k0") or b"")
    trash = Trash(largest=2 * size + 10)
    first, second, third = (trash.delete(stash, [key]) for key in ("k0", "k1", "k2"))
    with pytest.raises(PersistableError, match="too long ago"):
        trash.undo(first)
    trash.undo(third)
    trash.undo(second)
    assert set(stash.keys()) == {"k1", "k2", "k3", "k4"}


def test_time_to_live_comes_back(tmp_path: Path) -> None:
    stash: ExpiringStash[Any] = ExpiringStash(DirectoryStash(tmp_path / "data"), 3600)
    stash["a"] = 1
    trash = Trash()
    trash.undo(trash.delete(stash, ["a"]))
    assert stash["a"] == 1


def test_failed_deletion_can_be_undone(
    stash: DirectoryStash[Any], monkeypatch: Any
) -> None:
    def fail(names: Any) -> None:
        stash.delete(next(iter(names)))
        raise PersistableError("disk")

    trash = Trash()
    monkeypatch.setattr(stash, "delete_many", fail)
    with pytest.raises(PersistableError, match="disk"):
        trash.delete(stash, ["k0", "k1"])
    monkeypatch.undo()
    [deletion] = trash._kept
    stash.delete("k1")
    assert trash.undo(deletion) == ["k0", "k1"]

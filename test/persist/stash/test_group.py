from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash import DirectoryStash
from zensols.persist.stash.group import (
    GroupStash,
    clear_groups,
    make_groups,
    remove_empty,
)


@pytest.fixture
def stash(tmp_path: Path) -> GroupStash:
    return GroupStash(tmp_path, frozenset({"text"}), "text")


def names(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def test_parts_are_found_by_slot_and_generation(stash: GroupStash) -> None:
    stash.dump_part("a", 0, "first", {"text": 1})
    stash.dump_part("a", 1, "second", {"text": 2})
    assert stash.load_part("a", 0, "first") == {"text": 1}
    assert stash.load_part("a", 1, "second") == {"text": 2}
    assert stash.load_part("a", 0, "second") is MISSING
    assert stash.load_part("a", 1, None) is MISSING
    assert stash.load_part("b", 0, "first") is MISSING


def test_parts_are_deleted_by_slot(stash: GroupStash) -> None:
    for slot in 0, 1:
        stash.dump_part("a", slot, "first", {})
    stash.delete_part("a", 0)
    assert stash.load_part("a", 0, "first") is MISSING
    assert stash.load_part("a", 1, "first") == {}
    stash.delete_part("a", 0)


def test_slots_have_folders(stash: GroupStash, tmp_path: Path) -> None:
    stash.dump_part("a", 0, "first", {})
    stash.dump_part("a", 1, "second", {})
    assert names(tmp_path) == ["text%2/a.dat", "text/a.dat"]


def test_bare_dictionary_has_no_generation(stash: GroupStash) -> None:
    """As the older package wrote it."""
    stash.dump("a", {"text": 1})
    assert stash.load_part("a", 0, None) == {"text": 1}
    assert stash.load_part("a", 0, "first") is MISSING


def test_groups_get_different_folders(tmp_path: Path) -> None:
    groups = ({"a", "b"}, {"a-b"}, {"A-b"}, {"A", "B"}, {"a%2Db"}, {"x" * 300})
    stashes = make_groups(tmp_path, groups)
    assert [stash.group for stash in stashes] == [frozenset(g) for g in groups]
    folders = [stash.group_name.casefold() for stash in stashes]
    assert len(set(folders)) == len(groups)
    assert all(len(f"{name}%2".encode()) <= 255 for name in folders)
    assert stashes[0].group_name == "a-b"
    again = make_groups(tmp_path, groups)
    assert [stash.group_name for stash in again] == [s.group_name for s in stashes]


@pytest.mark.parametrize("name", ["..", ".", "/", "/etc", "a/../../b", "", "\x00"])
def test_folders_stay_inside(tmp_path: Path, name: str) -> None:
    (stash,) = make_groups(tmp_path / "comp", ({name},))
    stash.dump_part("k", 0, "first", {name: 1})
    assert stash.path.parent == tmp_path / "comp"
    assert [path.name for path in tmp_path.iterdir()] == ["comp"]


@pytest.mark.parametrize("groups", [(), ("ab",), ({1: 2},), ({"a"}, ["b", "a"])])
def test_refused_groups_name_the_folder(tmp_path: Path, groups: Any) -> None:
    with pytest.raises(PersistableError) as info:
        make_groups(tmp_path, groups)
    assert str(tmp_path) in str(info.value)


def test_clear_spares_other_files(tmp_path: Path) -> None:
    for number, stash in enumerate(make_groups(tmp_path, ({"a"}, {"b"}))):
        stash.dump_part("k", number, "first", {})
    (tmp_path / "a" / "notes.txt").write_text("mine")
    clear_groups(tmp_path)
    assert names(tmp_path) == ["a/notes.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "a" / "notes.txt").unlink()
    clear_groups(tmp_path)
    assert not tmp_path.exists()
    clear_groups(tmp_path)


def test_clear_goes_by_the_pattern(tmp_path: Path) -> None:
    DirectoryStash[Any](tmp_path / "a", "x-{name}").dump("k", 1)
    clear_groups(tmp_path, pattern="y-{name}")
    assert names(tmp_path) == ["a/x-k"]
    clear_groups(tmp_path, pattern="x-{name}")
    assert not tmp_path.exists()


def test_remove_empty(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    remove_empty(tmp_path / "a")
    assert (tmp_path / "a").exists()
    remove_empty(tmp_path / "a" / "b")
    remove_empty(tmp_path / "a")
    assert not (tmp_path / "a").exists()

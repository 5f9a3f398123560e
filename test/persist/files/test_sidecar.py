from __future__ import annotations

import os
from pathlib import Path

import pytest

from zensols.persist.files import beside_name, beside_path, key_lock_path
from zensols.persist.files.sidecar import hidden_name


def test_is_beside_the_stash(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    path = beside_path(str(folder / "stash"), "notes")
    assert path == str(folder / ".stash.beside" / "notes")
    assert os.listdir(folder) == []


def test_is_found_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "stash").mkdir()
    (tmp_path / "link").symlink_to("stash")
    expected = beside_path(str(tmp_path / "stash"), "notes")
    assert beside_path(str(tmp_path / "link"), "notes") == expected


def test_relative_path(in_tmp: Path) -> None:
    assert beside_path("stash", "notes") == beside_path(str(in_tmp / "stash"), "notes")


def test_each_has_its_own() -> None:
    made = {
        beside_path("/data/stash", "a"),
        beside_path("/data/stash", "b"),
        beside_path("/data/other", "a"),
        beside_path("/data/stash", "a", ""),
        beside_path("/data/stash", "a", "x"),
        beside_path("/data/stash", "a", "x", "y"),
        beside_path("/data/stash", "a", "xy"),
        beside_path("/data/stash", "locks"),
        os.path.dirname(key_lock_path("/data/stash", "a")),
    }
    assert len(made) == 9


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127])
def test_long_names_are_digested(tmp_path: Path, name: str) -> None:
    path = Path(beside_path(str(tmp_path / name), "notes", "part"))
    path.mkdir(parents=True)
    assert beside_name(name, "notes") != beside_name(name[:-1] + "y", "notes")
    assert hidden_name(name, ".locks").endswith(".locks")

"""What tells stashes apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist import DictionaryStash, DirectoryStash
from zensols.persist.backup.place import local_path, place_of
from zensols.persist.domain import StashURL, open_stash


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("dir", "?codec=json"),
        ("dir", "?codec=json&ttl=60"),
        ("lmdb", "?codec=json"),
        ("sqlite", "?codec=json"),
        ("shelve", "?codec=json"),
        ("zip", ""),
    ],
)
def test_is_the_same_in_other_folders(
    scheme: str, options: str, in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_tmp / "deep").mkdir()
    there = place_of(open_stash(f"{scheme}:data{options}"))
    monkeypatch.chdir("deep")
    assert place_of(open_stash(f"{scheme}:../data{options}")) == there
    assert there == f"{scheme}://{in_tmp}/data{options}"
    assert place_of(open_stash(f"{scheme}:data{options}")) != there


def test_shows_no_password() -> None:
    place = place_of(open_stash("redis://ada:secret@localhost:6379/0"))
    assert place is not None
    assert "localhost" in place
    assert "secret" not in place


class Mine(DirectoryStash[int]):
    pass


def test_some_have_none(tmp_path: Path) -> None:
    assert place_of(Mine(tmp_path)) is None
    assert place_of(DictionaryStash()) == "memory:"


class Elsewhere(DirectoryStash[int]):
    @property
    def url(self) -> StashURL:
        return StashURL("mine", "data/of/mine")


def test_locations_that_are_no_paths_stay(tmp_path: Path) -> None:
    assert place_of(Elsewhere(tmp_path)) == "mine:data/of/mine"


def test_local_path() -> None:
    assert local_path(open_stash("sqlite:data.db?ttl=60")) == Path("data.db")
    assert local_path(DictionaryStash()) is None
    assert local_path(open_stash("redis://localhost:6379/0")) is None

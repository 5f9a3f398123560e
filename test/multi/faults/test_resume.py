"""Fillings that find something done by others before them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chores import ChoreFactory, Chores, made, times

from zensols.multi import MultiProcessFactoryStash, MultiProcessStash
from zensols.persist import DictionaryStash, DirectoryStash, SqliteStash, Stash

ITEMS = [str(number) for number in range(20)]


@pytest.fixture(params=["directory", "dictionary"])
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Stash[Any]:
    if request.param == "directory":
        return DirectoryStash(tmp_path / "data")
    return DictionaryStash()


def fill(stash: MultiProcessStash[Any]) -> dict[str, int]:
    """Prime it anew, and return how often each item was begun for that."""
    folder = stash.folder if isinstance(stash, Chores) else stash.factory.folder
    before = times(folder)
    stash.prime()
    return dict(times(folder) - before)


def once(items: Any) -> dict[str, int]:
    return dict.fromkeys(items, 1)


def chores(delegate: Stash[Any], folder: Path, items: Any, **options: Any) -> Chores:
    return Chores(delegate, folder, items, workers=2, chunk_size=3, **options)


def test_only_new_items_are_done(delegate: Stash[Any], tmp_path: Path) -> None:
    assert fill(chores(delegate, tmp_path, ITEMS)) == once(ITEMS)
    assert fill(chores(delegate, tmp_path, ITEMS)) == {}
    stash = chores(delegate, tmp_path, [*ITEMS[5:], "a", "b"])
    # Which is looked for only if asked.
    assert fill(stash) == {}
    before = times(tmp_path)
    stash.invalidate()
    assert dict(times(tmp_path) - before) == once("ab")
    assert dict(delegate) == made([*ITEMS, "a", "b"])


def test_new_keys_of_a_factory_are_done(delegate: Stash[Any], tmp_path: Path) -> None:
    def factory_stash(keys: list[str]) -> MultiProcessStash[Any]:
        return MultiProcessFactoryStash(
            factory=ChoreFactory(tmp_path, keys),
            delegate=delegate,
            workers=2,
            show_progress=False,
        )

    assert fill(factory_stash(ITEMS)) == once(ITEMS)
    assert fill(factory_stash(ITEMS)) == {}
    assert fill(factory_stash([*ITEMS, "a", "b"])) == once("ab")
    delegate.delete("7")
    assert fill(factory_stash(ITEMS)) == once("7")


def test_new_version_is_done_once(delegate: Stash[Any], tmp_path: Path) -> None:
    fill(chores(delegate, tmp_path, ITEMS))
    delegate.dump("3", "of the first version")
    second = ITEMS[:10]
    assert fill(chores(delegate, tmp_path, second, version="2")) == once(second)
    assert dict(delegate) == made(second)
    assert fill(chores(delegate, tmp_path, second, version="2")) == {}


def test_interrupted_version_is_gone_on_with(
    delegate: Stash[Any], tmp_path: Path
) -> None:
    fill(chores(delegate, tmp_path, ITEMS))
    items = [*ITEMS[:9], "fail:2", *ITEMS[9:]]
    with pytest.raises(ValueError, match="no luck"):
        fill(chores(delegate, tmp_path, items, version="2"))
    assert fill(chores(delegate, tmp_path, items, version="2")) == once(["fail:2"])
    # Of what was half done, nobody knows which version has made it.
    assert fill(chores(delegate, tmp_path, ITEMS)) == once(ITEMS)
    assert dict(delegate) == made(ITEMS)


def test_deleted_items_stay_deleted_if_that_was_meant(
    delegate: Stash[Any], tmp_path: Path
) -> None:
    stash = chores(delegate, tmp_path, ITEMS)
    fill(stash)
    stash.delete("3")
    del stash["4"]
    assert fill(chores(delegate, tmp_path, ITEMS)) == {}
    delegate.delete("5")
    redone = fill(chores(delegate, tmp_path, ITEMS))
    assert "5" in redone
    assert len(redone) <= 3


def test_cleared_stash_is_done_again(delegate: Stash[Any], tmp_path: Path) -> None:
    stash = chores(delegate, tmp_path, ITEMS)
    fill(stash)
    stash.clear()
    assert len(delegate) == 0
    assert fill(stash) == once(ITEMS)


def test_lost_record_is_not_all_that_counts(tmp_path: Path) -> None:
    delegate = DirectoryStash[Any](tmp_path / "data")
    fill(chores(delegate, tmp_path, ITEMS))
    beside = delegate.beside("manifest")
    assert beside is not None
    beside.clear()
    # As data that was made by other means.
    assert fill(chores(delegate, tmp_path, ITEMS)) == {}


def test_items_may_be_anything(tmp_path: Path) -> None:
    items = [1, (2, "b"), 2.5, None, b"bytes", frozenset([1])]
    delegate = SqliteStash[Any](tmp_path / "data.sqlite")
    try:
        assert fill(chores(delegate, tmp_path, items)) == once(map(str, items))
        delegate.delete("None")
        stash = Chores(delegate, tmp_path, items, chunk_size=1, workers=2)
        assert "None" in fill(stash)
        assert len(delegate) == len(items)
    finally:
        delegate.close()


def test_nothing_is_to_be_done(delegate: Stash[Any], tmp_path: Path) -> None:
    assert fill(chores(delegate, tmp_path, [])) == {}
    assert list(chores(delegate, tmp_path, [])) == []

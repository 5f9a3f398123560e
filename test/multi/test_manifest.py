"""The record of what is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from zensols.multi.feed import identify
from zensols.multi.manifest import Manifest
from zensols.persist import DirectoryStash, Stash
from zensols.persist.codec import JsonCodec

A, B, C = map(identify, "ABC")


@pytest.fixture
def stash(tmp_path: Path) -> Stash[object]:
    return DirectoryStash(tmp_path / "manifest", codec=JsonCodec())


def manifest(stash: Stash[object], version: str = "") -> Manifest:
    return Manifest(stash, version)


def complete(stash: Stash[object], version: str = "") -> Manifest:
    made = manifest(stash, version)
    made.begin()
    made.record([A], ["a"])
    made.record([B, C], ["b", "c"])
    made.complete(["a", "b", "c"])
    return made


def test_begins_with_nothing(stash: Stash[object]) -> None:
    empty = manifest(stash)
    assert not empty.is_begun
    assert not empty.is_complete(lambda: ["a"])
    assert empty.done({"a"}) == empty.missing({"a"}) == set()
    assert len(stash) == 0


def test_begun_is_not_complete(stash: Stash[object]) -> None:
    manifest(stash).begin()
    assert manifest(stash).is_begun
    assert not manifest(stash).is_complete(list)


def test_what_is_recorded_is_done(stash: Stash[object]) -> None:
    first = manifest(stash)
    first.begin()
    first.record([A], ["a"])
    second = manifest(stash)
    second.record([B], ["b"])
    assert manifest(stash).done({"a", "b"}) == {A, B}
    assert not manifest(stash).is_complete(lambda: ["a", "b"])


def test_complete_in_any_order(stash: Stash[object]) -> None:
    complete(stash)
    assert manifest(stash).is_complete(lambda: ["c", "a", "b"])


def test_is_not_believed_over_the_keys(stash: Stash[object]) -> None:
    complete(stash)
    assert not manifest(stash).is_complete(lambda: ["a", "c"])
    assert manifest(stash).missing({"a", "c"}) == {"b"}
    # The chunk that the key was made in is done again as a whole.
    assert manifest(stash).done({"a", "c"}) == {A}


def test_keys_may_have_been_added(stash: Stash[object]) -> None:
    complete(stash)
    assert manifest(stash).is_complete(lambda: ["a", "b", "c", "mine"])
    assert not manifest(stash).is_complete(lambda: ["a", "b", "mine"])


def test_what_is_deleted_on_purpose_is_not_missed(stash: Stash[object]) -> None:
    complete(stash)
    manifest(stash).forget(["b"])
    assert manifest(stash).is_complete(lambda: ["a", "c"])
    assert manifest(stash).done({"a", "c"}) == {A, B, C}
    assert not manifest(stash).is_complete(lambda: ["a"])


def test_nothing_is_noted_of_what_was_never_begun(stash: Stash[object]) -> None:
    manifest(stash).forget(["b"])
    assert len(stash) == 0


def test_item_may_make_nothing(stash: Stash[object]) -> None:
    made = manifest(stash)
    made.begin()
    made.record([A], [])
    made.complete([])
    assert manifest(stash).done(set()) == {A}
    assert manifest(stash).is_complete(list)


def test_another_version_has_done_nothing(stash: Stash[object]) -> None:
    complete(stash, "1")
    other = manifest(stash, "2")
    assert not other.is_complete(lambda: ["a", "b", "c"])
    assert other.done({"a", "b", "c"}) == set()
    assert other.made_by_others() == {"a", "b", "c"}
    other.begin()
    other.record([A], ["a"])
    assert manifest(stash, "2").made_by_others() == {"b", "c"}


@pytest.mark.parametrize("kept", [0, 40])
def test_damaged_record_is_as_none(
    stash: DirectoryStash[object], tmp_path: Path, kept: int
) -> None:
    complete(stash)
    for path in (tmp_path / "manifest").iterdir():
        if "chunk" in path.name:
            path.write_bytes(path.read_bytes()[:kept])
            break
    assert manifest(stash).done({"a", "b", "c"}) in ({A}, {B, C})


def test_damaged_state_is_as_if_just_begun(
    stash: DirectoryStash[object], tmp_path: Path
) -> None:
    complete(stash)
    (path,) = (tmp_path / "manifest").glob("state*")
    path.write_bytes(path.read_bytes()[:-3])
    assert manifest(stash).is_begun
    assert not manifest(stash).is_complete(lambda: ["a", "b", "c"])
    assert manifest(stash).done({"a", "b", "c"}) == {A, B, C}


def test_version_that_another_came_after_has_done_nothing(
    stash: Stash[object],
) -> None:
    complete(stash, "1")
    # Which may have stored something before it was killed.
    manifest(stash, "2").begin()
    first = manifest(stash, "1")
    assert not first.is_complete(lambda: ["a", "b", "c"])
    assert first.done({"a", "b", "c"}) == set()
    first.begin()
    assert first.done({"a", "b", "c"}) == set()
    first.record([A], ["a"])
    assert first.done({"a", "b", "c"}) == {A}


def test_complete_version_forgets_the_others(stash: Stash[object]) -> None:
    complete(stash, "1")
    second = manifest(stash, "2")
    second.begin()
    second.record([A], ["a"])
    assert second.made_by_others() == {"b", "c"}
    second.complete(["a"])
    assert second.made_by_others() == set()
    assert len(stash) == 2
    assert manifest(stash, "3").made_by_others() == {"a"}


def test_another_version_makes_again_what_was_deleted(stash: Stash[object]) -> None:
    complete(stash, "1")
    manifest(stash, "1").forget(["b"])
    complete(stash, "2")
    assert manifest(stash, "2").missing({"a", "c"}) == {"b"}


def test_any_text_is_a_version(stash: Stash[object]) -> None:
    for version in ("", "/", "\ud800", "chunk-"):
        complete(stash, version)
        assert manifest(stash, version).is_complete(lambda: ["a", "b", "c"])


def test_clear_forgets_everything(stash: Stash[object]) -> None:
    complete(stash)
    manifest(stash).clear()
    assert not manifest(stash).is_begun
    assert len(stash) == 0


def test_any_key_can_be_recorded(stash: Stash[object]) -> None:
    keys = ["", "\ud800", "a/b", "\x00", "\N{EURO SIGN}"]
    made = manifest(stash)
    made.begin()
    made.record([A], keys)
    made.complete(keys)
    assert manifest(stash).is_complete(lambda: keys)
    assert manifest(stash).missing(set()) == set(keys)

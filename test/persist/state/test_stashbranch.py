"""Branches, as stashes have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist import DirectoryStash
from zensols.persist.codec import Codec, JsonCodec, SignedPickleCodec
from zensols.persist.state.chain import Stored
from zensols.persist.state.record import Branch, Draft
from zensols.persist.state.stashbranch import Entry, StashBranch
from zensols.persist.state.stashkeys import full, nth
from zensols.persist.state.stashlog import Log, Within

NEW = StashBranch("p", "app", None, None, 0, 0, 1, 0, Log())


def entry(number: int) -> Entry:
    stored = Stored("delta", b"...", (full(9, nth(1, 0)),), 3)
    draft = Draft("p", "app", 7, "step", "completed", "now", 2, 80, stored)
    return Entry.of(draft, nth(number, 0), (nth(1, 0),), stamp=number)


@pytest.mark.parametrize("codec", [JsonCodec(), SignedPickleCodec()], ids=repr)
def test_any_codec_keeps_it(tmp_path: Path, codec: Codec) -> None:
    stash = DirectoryStash(tmp_path / "data", codec=codec)
    branch, pages = NEW, {}
    for number in range(1, 40):
        branch, made = branch.with_entry(entry(number))
        pages.update(made)
    stash["branch"] = branch.value
    found = StashBranch.of(stash["branch"])
    assert found == branch
    newest = next(found.scan(pages.__getitem__, Within()))
    assert newest == entry(39)
    assert type(newest) is Entry


def test_record_of_an_entry() -> None:
    record = entry(5).record(9, full(9, 0), b"payload")
    assert (record.id, record.branch) == (full(9, nth(5, 0)), full(9, 0))
    assert record.stored == Stored("delta", b"payload", (full(9, nth(1, 0)),), 3)
    assert (record.sequence_id, record.position, record.version) == (7, "step", 2)


def test_what_persisters_know_of_it() -> None:
    fork = StashBranch("p", "fork", 0, nth(4, 0), nth(2, 0), 0, 5, 1, Log())
    assert NEW.describe(9, 0, is_alive=True) == Branch(
        full(9, 0), full(9, 0), None, None, "app", 0
    )
    assert fork.describe(9, 3, is_alive=False) == Branch(
        *(full(9, 3), full(9, 0), full(9, 0), full(9, nth(4, 0)), None),
        full(9, nth(2, 0)),
    )
    assert NEW.is_empty
    assert not fork.is_empty


def test_identifiers_go_on_after_the_newest_was_deleted() -> None:
    branch, _ = NEW.with_entry(entry(1))
    branch, _ = branch.with_entries([], nth(1, 0))
    assert branch.next_local(0) == nth(2, 0)
    assert branch.cut == nth(1, 0)
    assert branch.with_entries([], 0)[0].cut == nth(1, 0)

from __future__ import annotations

from typing import Any

import pytest

from zensols.persist import DictionaryStash
from zensols.persist.backup import restore, snapshot, snapshots
from zensols.persist.cli.backupstores import (
    all_ids,
    changes_text,
    damaged_ids,
    find,
    matching_id,
    row_of,
)
from zensols.persist.cli.exits import UsageError
from zensols.persist.error import CorruptDataError


@pytest.fixture
def backups() -> DictionaryStash[Any]:
    """Three snapshots, the last one of another store."""
    into: DictionaryStash[Any] = DictionaryStash()
    for number, name in enumerate(("one", "one", "two")):
        snapshot(DictionaryStash({"a": number}), into, name=name)
    return into


def damage(into: DictionaryStash[Any], snapshot_id: str) -> None:
    into[f"snapshot-{snapshot_id}"] = into[f"snapshot-{snapshot_id}"][:-1]


def test_id(backups: DictionaryStash[Any]) -> None:
    newest, middle, oldest = all_ids(backups)
    for wanted in (middle, middle[:8], middle[:-1]):
        taken = find(backups, wanted)
        assert taken is not None
        assert taken.id == middle
    assert find(backups, "00000009") is None
    assert find(backups, "") is None
    assert find(backups, newest, "one") is None
    with pytest.raises(UsageError, match="3 snapshots begin with '0000'"):
        find(backups, "0000")
    with pytest.raises(UsageError, match="2 snapshots"):
        find(backups, "0000", "one")
    assert matching_id([oldest], "") is None


def test_latest_needs_a_name_if_there_are_several(
    backups: DictionaryStash[Any],
) -> None:
    with pytest.raises(UsageError, match=r"2 stores \(two, one\): give --name"):
        find(backups, "latest")
    taken = find(backups, "latest", "one")
    assert taken is not None
    assert taken.id == all_ids(backups)[1]
    assert find(backups, "latest", "three") is None
    assert find(DictionaryStash(), "latest") is None


def test_damaged(backups: DictionaryStash[Any]) -> None:
    newest, middle, _ = all_ids(backups)
    damage(backups, middle)
    assert damaged_ids(backups, snapshots(backups)) == [middle]
    for name in (None, "one"):
        with pytest.raises(CorruptDataError, match=middle):
            find(backups, middle, name)
    taken = find(backups, "latest", "two")
    assert taken is not None
    assert taken.id == newest
    with pytest.raises(CorruptDataError, match="newest good one is 00000001"):
        find(backups, "latest", "one")


def test_only_one_and_damaged() -> None:
    into: DictionaryStash[Any] = DictionaryStash()
    damage(into, snapshot(DictionaryStash(), into).id)
    with pytest.raises(CorruptDataError, match="none is good"):
        find(into, "latest")


def test_row(backups: DictionaryStash[Any]) -> None:
    taken = snapshots(backups)[0]
    assert row_of(taken) == {
        "id": taken.id,
        "name": "two",
        "created": taken.created.isoformat(),
        "entries": 1,
        "size": taken.size,
        "added": taken.written,
    }


def test_changes_are_named_until_they_are_done() -> None:
    stash: DictionaryStash[Any] = DictionaryStash({str(n): n for n in range(9)})
    taken = snapshot(stash, DictionaryStash())
    stash.clear()
    stash["\x1b"] = 1
    plan = restore(taken, stash, mode="replace", dry_run=True)
    text = r"9 added (0, 1, 2, 3, 4, …), 0 changed, 1 removed (\x1b)"
    assert changes_text(plan) == text
    done = restore(taken, stash, mode="replace")
    assert changes_text(done) == "9 added, 0 changed, 1 removed"

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.backup import (
    Tiers,
    forget,
    prune,
    restorations,
    restore,
    snapshot,
    snapshots,
    verify,
)
from zensols.persist.backup.retention import Since
from zensols.persist.error import LockTimeoutError


@pytest.fixture
def into() -> DictionaryStash[Any]:
    return DictionaryStash()


def objects(into: DictionaryStash[Any]) -> int:
    return sum(key.startswith("object-") for key in into.keys())


def fill(into: DictionaryStash[Any], count: int, name: str = "it") -> list[str]:
    stash = DictionaryStash({"same": "s" * 500})
    ids = []
    for number in range(count):
        stash["a"] = f"{number}" * 500
        ids.append(snapshot(stash, into, name=name).id)
    return ids


def test_keeps_what_is_needed(into: DictionaryStash[Any]) -> None:
    ids = fill(into, 5)
    before = dict(into)
    planned = prune(into, keep=2, dry_run=True)
    assert dict(into) == before
    assert planned.snapshots == ids[:3]
    done = prune(into, keep=2)
    assert done.snapshots == ids[:3]
    assert done.unneeded >= 3
    assert [taken.id for taken in snapshots(into)] == ids[:2:-1]
    assert list(verify(into)) == []
    # Two values, the one that never changed, and two marks.
    assert objects(into) == 5
    assert prune(into, keep=2) == ([], 0)


def test_names(into: DictionaryStash[Any]) -> None:
    one, other = fill(into, 3, "one"), fill(into, 3, "other")
    assert prune(into, keep=1, name="one").snapshots == one[:2]
    assert prune(into, keep=1).snapshots == other[:2]
    assert list(verify(into)) == []


def test_rules(into: DictionaryStash[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2025, 11, 15, 12, tzinfo=UTC)
    ids = []
    for day in range(20):
        time = start + timedelta(days=day)
        monkeypatch.setattr("zensols.persist.backup.snapshotting.now", lambda t=time: t)
        ids += fill(into, 1)
    prune(into, keep=Tiers(daily=3, weekly=2, monthly=2))
    assert [ids.index(taken.id) for taken in snapshots(into)] == [19, 18, 17, 15]
    assert prune(into, Since(start + timedelta(days=99))).snapshots == [
        ids[n] for n in (15, 17, 18)
    ]


def test_never_the_last_good_one(into: DictionaryStash[Any]) -> None:
    good, bad = fill(into, 2)
    lost = next(key for key, data in into if b"1" * 500 in data)
    into[lost] = b"damaged"
    assert prune(into, keep=1).snapshots == []
    assert [taken.id for taken in snapshots(into)] == [bad, good]


def test_wrong_number(into: DictionaryStash[Any]) -> None:
    with pytest.raises(PersistableError, match="at least one"):
        prune(into, keep=0)


def test_left_by_a_killed_snapshot(into: DictionaryStash[Any]) -> None:
    fill(into, 1)
    before = dict(into)
    fill(into, 1, "killed")
    # Before it was listed, and before its document was written.
    into["snapshots"] = before["snapshots"]
    prune(into, keep=1)
    assert [taken.name for taken in snapshots(into)] == ["killed", "it"]
    into.clear()
    into.data.update(before)
    fill(into, 1, "killed")
    for key in [key for key in into.keys() if key.startswith("snapshot")]:
        if key not in before:
            del into[key]
    into["snapshots"] = before["snapshots"]
    into["object-" + "0" * 64] = b"left over"
    assert prune(into, keep=1).unneeded >= 1
    assert dict(into) == before


def test_restorations_can_still_be_undone(into: DictionaryStash[Any]) -> None:
    stash = DictionaryStash({"a": "x" * 500})
    taken = snapshot(stash, into)
    for number in range(14):
        stash["a"] = f"{number}" * 500
        restore(taken, stash)
    snapshot(stash, into)
    prune(into, keep=1)
    found = restorations(into, stash)
    assert len(found) == 10
    for number, restoration in enumerate(found):
        restoration.undo()
        assert stash["a"] == f"{13 - number}" * 500


def test_waits_for_a_snapshot(into: DictionaryStash[Any]) -> None:
    """That is being taken, and may count on what is there."""
    fill(into, 2)
    inside, go_on = threading.Event(), threading.Event()

    def wait(_done: int, _total: int) -> None:
        inside.set()
        assert go_on.wait(60)

    stash = DictionaryStash({"a": "0" * 500})
    thread = threading.Thread(
        target=snapshot, args=(stash, into), kwargs={"progress": wait}
    )
    thread.start()
    assert inside.wait(60)
    with pytest.raises(LockTimeoutError):
        prune(into, keep=1, timeout=0.01)
    go_on.set()
    thread.join()
    prune(into, keep=1)
    assert list(verify(into)) == []


def test_forget(into: DictionaryStash[Any]) -> None:
    (only,) = fill(into, 1)
    (taken,) = snapshots(into)
    assert taken.id == only
    forget(taken)
    assert snapshots(into) == []
    prune(into, keep=1)
    assert list(into.keys()) == ["snapshots"]

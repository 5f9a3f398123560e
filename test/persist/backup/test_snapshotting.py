"""Snapshots of all kinds of stashes, in all kinds of stashes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kinds import KINDS, opened
from labour import await_that

from zensols.persist import DictionaryStash, DirectoryStash, PersistableError, Stash
from zensols.persist.backup import (
    diff,
    newest,
    prune,
    restore,
    snapshot,
    snapshots,
    undo,
    verify,
)
from zensols.persist.testing.keys import HOSTILE_KEYS

VALUES: dict[str, Any] = {
    "none": None,
    "small": [1, 2],
    "large": "x" * 10_000,
    "same": "x" * 10_000,
    "set": {1, 2},
    "": "empty",
    "a/../b\0\ud800": b"1",
    "long" * 800: 1,
}


@pytest.fixture(params=KINDS)
def stash(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stash[Any]]:
    with opened(request.param, request, tmp_path) as stash:
        yield stash


def fill(stash: Stash[Any]) -> dict[str, Any]:
    stash.dump_many(VALUES.items())
    stash.dump_many((f"key-{n}", n) for n in range(300))
    return dict(stash)


@pytest.mark.parametrize("into_kind", ["dictionary", "directory", "sqlite"])
@pytest.mark.parametrize("kind", ["dictionary", "directory", "lmdb", "sqlite"])
def test_into(
    kind: str, into_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with (
        opened(kind, request, tmp_path) as stash,
        opened(into_kind, request, tmp_path) as into,
    ):
        check(stash, into)


def test_of(stash: Stash[Any]) -> None:
    check(stash, DictionaryStash())


@pytest.mark.parametrize("kind", ["lmdb", "memory-files", "redis", "postgres", "mongo"])
def test_into_servers(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with opened(kind, request, tmp_path) as into:
        check(DictionaryStash(), into)


def check(stash: Stash[Any], into: Stash[Any]) -> None:
    """All that can be done with snapshots."""
    content = fill(stash)
    first = snapshot(stash, into, name="it")
    assert first.count == len(content)
    assert dict(first.as_stash()) == content
    del stash["key-1"]
    stash["key-2"], stash["new"] = "changed", "added"
    now = dict(stash)
    second = snapshot(stash, into, name="it")
    assert dict(second.as_stash()) == now
    assert dict(first.as_stash()) == content
    differences = [("key-1", "removed"), ("key-2", "changed"), ("new", "added")]
    assert list(diff(first, second)) == differences
    assert list(diff(first, stash)) == differences
    assert list(diff(second, stash)) == []
    assert snapshots(into, "it") == [second, first] == snapshots(into)
    restored = restore(first, stash, mode="replace")
    assert dict(stash) == content
    assert list(diff(first, stash)) == []
    restored.undo()
    assert dict(stash) == now
    restore(first, stash)
    assert dict(stash) == content | {"new": "added"}
    undo(stash, into)
    assert dict(stash) == now
    assert list(verify(into)) == []
    assert prune(into, keep=1).snapshots == [first.id]
    assert list(verify(into)) == []
    assert dict(newest(into).as_stash()) == now


def settled(stash: Any) -> bool:
    stamps = stash.entry_stamps()
    if stamps is None:
        return stash.store_stamp() is not None
    return all(stamp for _, stamp in stamps)


def test_unchanged_costs_its_manifest(tmp_path: Path) -> None:
    for url in f"dir://{tmp_path}/data", f"sqlite://{tmp_path}/data.db":
        from zensols.persist.domain import open_stash

        stash, into = open_stash(url), DictionaryStash[bytes]()
        fill(stash)
        first = snapshot(stash, into)
        # What has just been written has no stamps yet.
        assert await_that(lambda stash=stash: settled(stash))
        again = snapshot(stash, into)
        before = dict(into)
        last = snapshot(stash, into)
        assert first.written > 30_000
        assert last.written == 0
        assert first.root == again.root == last.root
        new = {key: data for key, data in into if before.get(key) != data}
        assert set(new) == {f"snapshot-{last.id}", "snapshots"}
        assert sum(map(len, new.values())) < 2000


def test_unchanged_values_cost_their_manifest() -> None:
    """Also those that are encoded anew each time."""
    stash, into = DictionaryStash[Any](), DictionaryStash[bytes]()
    fill(stash)
    first = snapshot(stash, into)
    again = snapshot(stash, into)
    assert (again.root, again.written) == (first.root, 0)
    stash["key-7"] = "changed"
    one = snapshot(stash, into)
    assert 0 < one.written < first.written / 2
    assert dict(one.as_stash()) == dict(stash)


def test_of_itself(tmp_path: Path) -> None:
    stash = DictionaryStash[Any]({"a": 1})
    files = DirectoryStash[Any](tmp_path / "data")
    for one, into in (stash, stash), (files, f"dir://{tmp_path}/data"):
        with pytest.raises(PersistableError, match="of itself"):
            snapshot(one, into)
    assert dict(stash) == {"a": 1}
    snapshot(DictionaryStash[Any](), DictionaryStash[Any]())


def test_same_values_are_stored_once() -> None:
    array = np.arange(10_000.0)
    stash = DictionaryStash[Any]({f"{n}": array for n in range(20)})
    stash["nested"] = {"n": 1, "array": array}
    stash.dump_many((f"text-{n}", "x" * 5000) for n in range(20))
    into = DictionaryStash[bytes]()
    taken = snapshot(stash, into)
    assert len([key for key in into.keys() if key.startswith("object-")]) == 3
    assert taken.written < 80_000 + 5000 + 20_000 < taken.size
    assert (taken.as_stash()["nested"]["array"] == array).all()


def test_signed_with_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries are copied signatures included, and refused under another key."""
    stash = DirectoryStash[Any](tmp_path / "data")
    stash["a"] = [1, 2]
    taken = snapshot(stash, DictionaryStash[Any]())
    other = DirectoryStash[Any](tmp_path / "other")
    restore(taken, other)
    assert other.load_entry("a") == stash.load_entry("a")
    assert other["a"] == [1, 2]
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", "42" * 32)
    with pytest.raises(PersistableError, match="key"):
        DirectoryStash[Any](tmp_path / "other")["a"]


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    stash = DirectoryStash[Any](tmp_path / "data")
    stash["a"] = 1
    stash.dump_entry("foreign", b"cposix\nsystem\n(S'false'\ntR.")
    stash.dump_entry("damaged", bytes(stash.load_entry("a") or b"")[:-1])
    taken = snapshot(stash, DictionaryStash[Any]())
    found = dict(taken.as_stash().load_entries(["a", "foreign", "damaged"]))
    assert found == dict(stash.load_entries(["a", "foreign", "damaged"]))


@pytest.mark.parametrize("group", HOSTILE_KEYS)
def test_hostile_keys(group: str) -> None:
    keys = HOSTILE_KEYS[group]
    stash = DictionaryStash({key: n for n, key in enumerate(keys)})
    taken = snapshot(stash, DictionaryStash[Any]())
    shown = taken.as_stash()
    assert dict(shown) == dict(stash)
    assert all(shown[key] == n for n, key in enumerate(keys))
    stash.clear()
    restore(taken, stash, keys)
    assert dict(stash) == {key: n for n, key in enumerate(keys)}


def test_names_and_urls(tmp_path: Path) -> None:
    into = DictionaryStash[Any]()
    stash = DirectoryStash[Any](tmp_path / "data")
    assert snapshot(stash, into).name == f"dir://{tmp_path}/data"
    assert snapshot(stash, into, name="mine").name == "mine"
    assert snapshot(DictionaryStash(), into).url == "memory:"
    assert [taken.name for taken in snapshots(into, "mine")] == ["mine"]
    assert newest(into, "mine").url == f"dir://{tmp_path}/data"
    for name in "none", "":
        with pytest.raises(PersistableError, match="No snapshot"):
            newest(into, name)


def test_created() -> None:
    before = datetime.now(UTC)
    taken = snapshot(DictionaryStash({"a": 1}), DictionaryStash())
    assert before <= taken.created <= datetime.now(UTC)
    assert taken.created.utcoffset() == timedelta(0)
    assert taken.id.split("-")[1] == f"{taken.created:%Y%m%dT%H%M%SZ}"


def test_progress() -> None:
    stash = DictionaryStash({str(n): n for n in range(2500)})
    told: list[tuple[int, int]] = []
    into = DictionaryStash[Any]()
    for _ in range(2):
        told.clear()
        taken = snapshot(stash, into, progress=lambda *one: told.append(one))
        assert told == sorted(told)
        assert told[-1] == (2500, 2500)
        assert len(told) >= 3
    stash.clear()
    told.clear()
    restore(taken, stash, progress=lambda *one: told.append(one))
    assert told == sorted(told)
    assert told[-1] == (2500, 2500)


def test_others_keys_stay() -> None:
    into = DictionaryStash[Any]({"mine": 1, "object-": 2, "snapshot-x": 3})
    snapshot(DictionaryStash({"a": "x" * 1000}), into)
    snapshot(DictionaryStash({"a": "y" * 1000}), into)
    prune(into, keep=1)
    assert into["mine"], into["object-"] == (1, 2)
    assert into["snapshot-x"] == 3
    assert list(verify(into)) == []

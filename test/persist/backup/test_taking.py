from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist import DictionaryStash, DirectoryStash
from zensols.persist.backup.depot import Depot
from zensols.persist.backup.source import Source
from zensols.persist.backup.taking import Ahead, Earlier, take
from zensols.persist.backup.tree import Tree
from zensols.persist.codec import JsonCodec
from zensols.persist.domain import open_stash
from zensols.persist.stash import EncodedStash

CONTENT = st.dictionaries(st.integers(0, 900), st.integers(0, 1), max_size=900)


class Settled(DirectoryStash[Any]):
    """A stash of files that count as old, which counts what is read."""

    reads = 0

    def entry_stamps(self) -> Iterator[tuple[str, bytes]] | None:
        for key in self.keys():
            status = os.stat(self.key_to_path(key))
            yield key, b"%d %d" % (status.st_mtime_ns, status.st_ino)

    def load_entries(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for found in super().load_entries(names):
            self.reads += 1
            yield found


def take_one(stash: Any, depot: Depot, earlier: Earlier | None) -> Earlier:
    link, marks = take(Source(stash), depot, earlier, None, lambda _done, _all: None)
    depot.flush()
    assert len(marks) == 16 * len(list(Tree(depot, link).leaves()))
    return Earlier(Tree(depot, link), marks)


def test_only_what_changed_is_read(tmp_path: Path) -> None:
    stash = Settled(tmp_path / "data")
    depot = Depot(DictionaryStash())
    for number in range(1500):
        stash[f"{number}"] = number
    first = take_one(stash, depot, None)
    assert stash.reads == 1500
    same = take_one(stash, depot, first)
    assert stash.reads == 1500
    assert (same.tree.root.digest, same.marks) == (first.tree.root.digest, first.marks)
    stash["77"] = "changed"
    del stash["1234"]
    stash["new"] = 1
    last = take_one(stash, depot, same)
    assert 1500 < stash.reads < 1500 + 900
    fresh = take_one(stash, Depot(DictionaryStash()), None)
    assert (last.tree.root.digest, last.marks) == (fresh.tree.root.digest, fresh.marks)


@given(CONTENT, CONTENT)
@settings(deadline=None)
def test_as_if_taken_from_the_beginning(a: dict[int, int], b: dict[int, int]) -> None:
    """Whatever the earlier one had."""
    stash = EncodedStash[int](DictionaryStash(), JsonCodec())
    depot = Depot(DictionaryStash())
    stash.dump_many((str(key), n) for key, n in a.items())
    earlier = take_one(stash, depot, None)
    for key, n in a.items():
        if b.get(key) != n:
            stash.delete(str(key))
    stash.dump_many((str(key), n) for key, n in b.items() if a.get(key) != n)
    later = take_one(stash, depot, earlier)
    fresh = take_one(stash, Depot(DictionaryStash()), None)
    assert later.tree.root.digest == fresh.tree.root.digest
    assert later.marks == fresh.marks


@pytest.mark.parametrize("count", [2, 40])
def test_large_entries(count: int) -> None:
    """Not all of which are in memory at once."""
    stash = EncodedStash[bytes](DictionaryStash(), JsonCodec())
    stash.dump_many((str(n), b"x" * (1 << 20)) for n in range(count))
    depot = Depot(DictionaryStash())
    earlier = take_one(stash, depot, None)
    written = depot.written
    assert (1 << 20) < written < (1 << 21)
    later = take_one(stash, depot, earlier)
    assert depot.written == written
    assert later.tree.root.digest == earlier.tree.root.digest


def test_keys_that_go_meanwhile() -> None:
    class Fading(DictionaryStash[int]):
        def load_many(self, names: Iterable[str]) -> Iterator[tuple[str, int]]:
            self.delete("b")
            return super().load_many(names)

    earlier = take_one(Fading({"a": 1, "b": 2, "c": 3}), Depot(DictionaryStash()), None)
    assert [item.key for item in earlier.tree.items()] == [b"a", b"c"]


@pytest.mark.parametrize("kind", ["lmdb", "sqlite"])
def test_nothing_is_read_if_the_stamp_is_the_same(kind: str, tmp_path: Path) -> None:
    stash: Any = open_stash(f"{kind}://{tmp_path}/data")
    stash["a"] = 1
    depot = Depot(DictionaryStash())
    earlier = take_one(stash, depot, None)._replace(stamp="1")
    stash["b"] = 2
    told: list[tuple[int, int]] = []
    for stamp, count in ("1", 1), ("2", 2), (None, 2):
        link, marks = take(
            Source(stash), depot, earlier, stamp, lambda *one: told.append(one)
        )
        assert told[-1] == (count, count)
        assert link.items == count
        assert (marks == earlier.marks) == (count == 1)
    stash.close()


def test_ahead() -> None:
    ahead = Ahead((bytes([n]), b"") for n in b"abcd")
    assert [key for key, _ in ahead.until(b"a")] == []
    assert [key for key, _ in ahead.until(b"bb")] == [b"a", b"b"]
    assert [key for key, _ in ahead.until(None)] == [b"c", b"d"]
    assert list(ahead) == []

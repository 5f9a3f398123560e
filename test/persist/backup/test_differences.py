from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist import DictionaryStash, DirectoryStash
from zensols.persist.backup import diff, snapshot
from zensols.persist.backup.differences import change_of, paired
from zensols.persist.backup.pages import Item

CONTENT = st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=30)


@given(CONTENT, CONTENT)
@settings(deadline=None)
def test_laws(a: dict[str, int], b: dict[str, int]) -> None:
    """Of snapshots and stashes: a diff tells what leads from one to the other."""
    stashes = DictionaryStash(a), DictionaryStash(b)
    into = DictionaryStash[bytes]()
    one, other = (snapshot(stash, into) for stash in stashes)
    found = dict(diff(one, other))
    assert found == {
        key: "added" if key not in a else "removed" if key not in b else "changed"
        for key in a.keys() | b.keys()
        if a.get(key) != b.get(key)
    }
    for left in one, stashes[0], one.as_stash():
        assert list(diff(left, left)) == []
        for right in other, stashes[1], other.as_stash():
            assert dict(diff(left, right)) == found
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    assert dict(diff(other, one)) == {k: opposite[kind] for k, kind in found.items()}


def test_in_order_and_lazily() -> None:
    a = snapshot(DictionaryStash({str(n): 1 for n in range(9000)}), DictionaryStash())
    b = snapshot(DictionaryStash({str(n): 2 for n in range(9000)}), DictionaryStash())
    changes = diff(a, b)
    assert next(changes) == ("0", "changed")
    assert [key for key, _ in changes] == sorted(str(n) for n in range(9000))[1:]


def test_written_again_is_the_same(tmp_path: Path) -> None:
    stash = DirectoryStash[int](tmp_path / "data")
    stash["a"] = 1
    taken = snapshot(stash, DictionaryStash())
    stash["a"] = 1
    assert list(diff(taken, stash)) == []
    stash["a"] = 2
    assert list(diff(taken, stash)) == [("a", "changed")]


def test_pairs() -> None:
    a, b, c = (Item(key, b"", b"", 0) for key in (b"a", b"b", b"c"))
    assert list(paired([a, b], [b, c])) == [(a, None), (b, b), (None, c)]
    assert change_of(a, None) == ("a", "removed")
    assert change_of(None, a) == ("a", "added")
    assert change_of(a, a) == ("a", "changed")

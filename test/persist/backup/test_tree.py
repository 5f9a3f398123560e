from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist import DictionaryStash
from zensols.persist.backup.depot import Depot
from zensols.persist.backup.pages import Item, TreeBuilder
from zensols.persist.backup.tree import Tree, compare

NUMBERS = st.dictionaries(st.integers(0, 2000), st.integers(0, 2), max_size=400)


def make(depot: Depot, items: dict[int, int]) -> Tree:
    builder = TreeBuilder(depot)
    for key, number in sorted((b"%d" % k, n) for k, n in items.items()):
        builder.add(Item(key, b"", b"%d" % number, 1))
    return Tree(depot, builder.finish())


def differing(old: Tree, new: Tree) -> Iterator[tuple[int, int | None, int | None]]:
    for a, b in compare(old, new):
        item = a or b
        assert item is not None
        yield int(item.key), a and int(a.body), b and int(b.body)


@given(NUMBERS)
@settings(deadline=None)
def test_find(items: dict[int, int]) -> None:
    tree = make(Depot(DictionaryStash()), items)
    assert {int(item.key): int(item.body) for item in tree.items()} == items
    for key in range(0, 2001, 7):
        found = tree.find(b"%d" % key)
        assert items.get(key) == (found and int(found.body))
    assert tree.find(b"") is None
    assert tree.find(b"zz") is None


@given(NUMBERS, st.lists(st.integers(0, 2000)))
@settings(deadline=None)
def test_find_all(items: dict[int, int], keys: list[int]) -> None:
    tree = make(Depot(DictionaryStash()), items)
    found = [int(item.key) for item in tree.find_all(b"%d" % key for key in keys)]
    assert found == [key for key in keys if key in items]


@given(NUMBERS, NUMBERS, st.booleans())
@settings(deadline=None)
def test_compare(a: dict[int, int], b: dict[int, int], is_similar: bool) -> None:
    if is_similar:
        b = a | dict(list(b.items())[:3])
    depot = Depot(DictionaryStash())
    found = list(differing(make(depot, a), make(depot, b)))
    keys = [key for key in a | b if a.get(key) != b.get(key)]
    assert found == [(k, a.get(k), b.get(k)) for k in sorted(keys, key=str)]


class Counting(Depot):
    """A depot that counts what is read."""

    reads = 0

    def read(self, *arguments: Any) -> bytes:
        self.reads += 1
        return super().read(*arguments)


@pytest.mark.parametrize("place", [0, 30_000, 59_999])
def test_same_pages_are_not_read(place: int) -> None:
    depot = Counting(DictionaryStash())
    items = dict.fromkeys(range(60_000), 1)
    old, new = make(depot, items), make(depot, items | {place: 2})
    depot.reads = 0
    assert list(differing(old, new)) == [(place, 1, 2)]
    assert depot.reads <= 6
    assert list(differing(old, make(depot, items))) == []


def test_pages() -> None:
    depot = Depot(DictionaryStash())
    tree = make(depot, dict.fromkeys(range(1000), 1))
    pages = list(tree.pages())
    assert pages[0] == tree.root
    assert pages[1:] == list(tree.leaves())
    assert sum(link.items for link in tree.leaves()) == 1000


def test_all_are_found_by_reading_each_page_once() -> None:
    depot = Counting(DictionaryStash())
    tree = make(depot, dict.fromkeys(range(20_000), 1))
    pages = len(list(tree.pages()))
    depot.reads = 0
    assert len(list(tree.find_all(item.key for item in list(tree.items())))) == 20_000
    assert depot.reads <= 2 * pages

"""Trees have the same pages whatever happened before."""

from __future__ import annotations

from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist import DictionaryStash
from zensols.persist.backup.depot import PAGE, Depot
from zensols.persist.backup.pages import Item, Link, TreeBuilder, read_page
from zensols.persist.error import CorruptDataError

KEYS = st.dictionaries(st.binary(max_size=6), st.binary(max_size=3), max_size=300)


def build(depot: Depot, items: dict[bytes, bytes]) -> Link:
    builder = TreeBuilder(depot)
    for key in sorted(items):
        builder.add(Item(key, b"", items[key], len(items[key])))
    return builder.finish()


def walk(depot: Depot, link: Link) -> list[Item]:
    rows = read_page(depot, link)
    if link.level:
        assert [row.level for row in rows] == [link.level - 1] * len(rows)
        assert sum(row.items for row in rows) == link.items
        assert sum(row.size for row in rows) == link.size
        rows = [item for row in rows for item in walk(depot, row)]
    assert len(rows) == link.items
    assert link.first == (rows[0].key if rows else b"")
    return rows


@given(KEYS)
@settings(deadline=None)
def test_has_what_was_added(items: dict[bytes, bytes]) -> None:
    depot = Depot(DictionaryStash())
    found = walk(depot, build(depot, items))
    assert [(item.key, item.body) for item in found] == sorted(items.items())


@given(KEYS, KEYS)
@settings(deadline=None)
def test_same_content_same_root(a: dict[bytes, bytes], b: dict[bytes, bytes]) -> None:
    depot = Depot(DictionaryStash())
    one, other = build(depot, a), build(depot, b)
    assert (one.digest == other.digest) == (a == b)


@pytest.mark.parametrize("count", [0, 1, 5, 5000, 70_000])
def test_sizes(count: int) -> None:
    depot = Depot(DictionaryStash())
    link = build(depot, {b"%d" % n: b"1" for n in range(count)})
    assert len(walk(depot, link)) == count
    assert link.level == {0: 0, 1: 0, 5: 0, 5000: 1, 70_000: 2}[count]


def test_a_change_makes_few_pages() -> None:
    stash = DictionaryStash[bytes]()
    depot = Depot(stash)
    items = {b"%d" % n: b"1" for n in range(50_000)}
    build(depot, items)
    depot.flush()
    before = len(stash)
    assert 300 < before < 500
    for number in range(10):
        items[b"%d" % (number * 4999)] = b"2"
        del items[b"%d" % (number * 4777 + 1)]
        build(depot, items)
        depot.flush()
    # Of two changes each, on three levels, and a page that ended with a key.
    assert len(stash) - before <= 10 * 8


def test_chosen_keys() -> None:
    """Of which none ends a page by itself, or each does."""
    for ends in True, False:
        keys = [b"%d" % n for n in range(300_000)]
        keys = [key for key in keys if (crc32(key) & 0x7F == 0) == ends][:2200]
        depot = Depot(DictionaryStash())
        link = build(depot, dict.fromkeys(keys, b"1"))
        assert len(walk(depot, link)) == 2200


def test_large_keys() -> None:
    depot = Depot(DictionaryStash())
    items = {b"%d" % n * (1 << 20): b"1" for n in range(5)}
    assert len(walk(depot, build(depot, items))) == 5


def test_page_of_another() -> None:
    depot = Depot(DictionaryStash())
    for data, level in (
        (b"other", 0),
        (b"\x93\x02\x00\x90", 0),
        (b"\x93\x01\x00\x90", 1),
    ):
        link = Link(b"", depot.add(PAGE, data), level, 0, 0)
        with pytest.raises(CorruptDataError, match=link.digest.hex()):
            read_page(depot, link)

"""Pages of keys, which form a tree whose shape depends on nothing but its content."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple
from zlib import crc32

from ..error import CorruptDataError
from .depot import PAGE, Depot

__all__ = ["Item", "Link", "TreeBuilder", "read_page"]

_FORMAT: Final = 1
_MASK: Final = 0x7F
"""One in 128 keys ends a page, so that pages have that many on average."""

_MOST: Final = 1024
"""How many rows a page has at most, for keys that somebody chose so as to end none."""

_MOST_BYTES: Final = 1 << 20


class Item(NamedTuple):
    """An entry: what precedes its values' bytes, and where those are."""

    key: bytes
    """The stash key in UTF-8, surrogates included."""

    head: bytes
    """What the entry begins with, up to its body: header, key, metadata and table."""

    body: bytes
    """The digest of the rest; the rest itself if it is small."""

    size: int
    """How many bytes the rest has."""


class Link(NamedTuple):
    """Where a page is, as seen from the one above."""

    first: bytes
    """The first key below it."""

    digest: bytes
    """The page's digest."""

    level: int
    """How many pages are below it on the way to an item."""

    items: int
    """How many are below it."""

    size: int
    """How many bytes their entries have."""


class TreeBuilder:
    """Cuts items in pages, the pages' links in pages and so on, up to one page: a
    *prolly tree* (probabilistic B-tree), as `Noms
    <https://github.com/attic-labs/noms/blob/master/doc/intro.md>`_ and `Dolt
    <https://docs.dolthub.com/architecture/storage-engine/prolly-tree>`_ have them.
    What a page ends with is told by a checksum of its last row alone, so that the
    same content has the same pages whatever was changed in which order, and a
    change makes one new page on each level.

    For one thread.

    >>> from zensols.persist import DictionaryStash
    >>> builder = TreeBuilder(Depot(DictionaryStash()))
    >>> builder.add(Item(b"a", b"", b"1", 1))
    >>> builder.finish().items
    1

    """

    def __init__(
        self, depot: Depot, closed: Callable[[Link], None] = lambda _: None
    ) -> None:
        """
        :param depot: where to put the pages

        :param closed: called with the link of each page of items, in order

        """
        self._depot = depot
        self._closed = closed
        self._levels: list[_Level] = [_Level()]

    @property
    def at_boundary(self) -> bool:
        """Whether the next item begins a page."""
        return not self._levels[0].rows

    def add(self, item: Item) -> None:
        """Add an item; keys must come in the order of their bytes.

        :param item: the item

        :raises PersistableError: if a page can't be written

        """
        size = item.size + len(item.head)
        weight = len(item.key) + len(item.head) + len(item.body)
        self._push(0, item, (item.key, 1, size), weight, crc32(item.key))

    def add_page(self, link: Link) -> None:
        """Add a page of items that was made before, at a boundary.

        :param link: the page's

        """
        self._closed(link)
        self._push_link(link)

    def _push_link(self, link: Link) -> None:
        key_weight = len(link.first) + len(link.digest) + 16
        self._push(
            link.level + 1,
            (link.first, link.digest, link.items, link.size),
            (link.first, link.items, link.size),
            key_weight,
            link.digest[0],
        )

    def _push(
        self, level: int, row: Any, sums: tuple[bytes, int, int], weight: int, mark: int
    ) -> None:
        if level == len(self._levels):
            self._levels.append(_Level())
        open_ = self._levels[level]
        if not open_.rows:
            open_.first = sums[0]
        open_.rows.append(row)
        open_.total += 1
        open_.count += sums[1]
        open_.size += sums[2]
        open_.weight += weight
        is_full = len(open_.rows) == _MOST or open_.weight >= _MOST_BYTES
        # One link alone makes no page, so that each level has fewer than the one below.
        if (is_full or not mark & _MASK) and (level == 0 or len(open_.rows) > 1):
            self._close(level)

    def _close(self, level: int) -> None:
        done = self._levels[level]
        digest = self._depot.add(PAGE, _encoder()([_FORMAT, level, done.rows]))
        link = Link(done.first, digest, level, done.count, done.size)
        done.clear()
        if level == 0:
            self._closed(link)
        self._push_link(link)

    def finish(self) -> Link:
        """Return the link of the topmost page, when all items have been added.

        :raises PersistableError: if a page can't be written

        """
        level = 0
        while True:
            open_ = self._levels[level]
            if open_.rows or (level == 0 and open_.total == 0 and not self._above(0)):
                self._close(level)
            above = self._levels[level + 1]
            if above.total == 1:
                first, digest, count, size = above.rows[0]
                return Link(first, digest, level, count, size)
            level += 1

    def _above(self, level: int) -> bool:
        return len(self._levels) > level + 1


class _Level:
    """The page of one level that isn't full yet."""

    def __init__(self) -> None:
        self.total = 0
        self.first = b""
        self.clear()

    def clear(self) -> None:
        self.rows: list[Any] = []
        self.count = self.size = self.weight = 0


@cache
def _encoder() -> Callable[[Any], bytes]:
    from msgspec.msgpack import Encoder

    return Encoder().encode


@cache
def _decoder(level: int) -> Callable[[bytes], tuple[int, int, list[Any]]]:
    from msgspec.msgpack import Decoder

    row: Any = tuple[bytes, bytes, int, int] if level else Item
    return Decoder(tuple[int, int, list[row]]).decode


def read_page(depot: Depot, link: Link) -> list[Any]:
    """Return the rows of a page: items, or on a higher level the links below it.

    :param depot: has the page

    :param link: the page's

    :raises CorruptDataError: if it is missing or damaged

    """
    from msgspec import MsgspecError

    data = depot.read(PAGE, link.digest)
    try:
        version, level, rows = _decoder(link.level)(data)
    except MsgspecError as e:
        raise CorruptDataError(
            f"Page {link.digest.hex()} in {depot!r} is none of ours: {e}"
        ) from e
    if version != _FORMAT or level != link.level:
        raise CorruptDataError(
            f"Page {link.digest.hex()} in {depot!r} has format {version} and level "
            f"{level} instead of {_FORMAT} and {link.level}: it is written by a newer "
            "release than this one, or not ours"
        )
    if level:
        return [Link(first, d, level - 1, n, size) for first, d, n, size in rows]
    return rows

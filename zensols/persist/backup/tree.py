"""Reading the pages of a snapshot, and comparing those of two."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from .depot import Depot
from .pages import Item, Link, read_page

__all__ = ["Tree", "compare"]


class Tree:
    """The items below a page, none of which is in memory before it is needed.

    Safe to use from several threads.

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup.pages import TreeBuilder
    >>> depot = Depot(DictionaryStash())
    >>> builder = TreeBuilder(depot)
    >>> builder.add(Item(b"a", b"", b"1", 1))
    >>> tree = Tree(depot, builder.finish())
    >>> tree.find(b"a").body, tree.find(b"b")
    (b'1', None)

    """

    def __init__(self, depot: Depot, root: Link) -> None:
        """
        :param depot: has the pages

        :param root: the topmost one's link

        """
        self.depot = depot
        self.root = root

    def find(self, key: bytes) -> Item | None:
        """Return the item of a key, or None if there is none.

        :param key: the key in UTF-8

        :raises CorruptDataError: if a page is missing or damaged

        """
        return self._find(key, {})

    def find_all(self, keys: Iterable[bytes]) -> Iterator[Item]:
        """Return the items of keys, lazily, without those that are absent; quickly if
        the keys are in order.

        :param keys: the keys in UTF-8

        :raises CorruptDataError: if a page is missing or damaged

        """
        last: dict[int, tuple[Link, list[Any]]] = {}
        for key in keys:
            item = self._find(key, last)
            if item is not None:
                yield item

    def _find(self, key: bytes, last: dict[int, tuple[Link, list[Any]]]) -> Item | None:
        link = self.root
        while link.level:
            links: list[Link] = self._read(link, last)
            index = bisect_right(links, key, key=lambda link: link.first) - 1
            if index < 0:
                return None
            link = links[index]
        items: list[Item] = self._read(link, last)
        index = bisect_right(items, key, key=lambda item: item.key) - 1
        return items[index] if index >= 0 and items[index].key == key else None

    def _read(self, link: Link, last: dict[int, tuple[Link, list[Any]]]) -> list[Any]:
        """Return the rows of a page, which may be the last one of its level."""
        found = last.get(link.level)
        if found is None or found[0] != link:
            found = last[link.level] = link, read_page(self.depot, link)
        return found[1]

    def items(self) -> Iterator[Item]:
        """Return the items, lazily, in the order of their keys.

        :raises CorruptDataError: if a page is missing or damaged

        """
        for link in self.leaves():
            yield from read_page(self.depot, link)

    def leaves(self) -> Iterator[Link]:
        """Return the links of the pages of items, lazily and in order.

        :raises CorruptDataError: if a page is missing or damaged

        """
        links = [self.root]
        while links:
            link = links.pop()
            if link.level:
                links.extend(reversed(read_page(self.depot, link)))
            else:
                yield link

    def pages(self) -> Iterator[Link]:
        """Return the links of all pages, each before those below it.  Those below
        are read only when the next one is asked for.

        :raises CorruptDataError: if a page is missing or damaged

        """
        links = [self.root]
        while links:
            link = links.pop()
            yield link
            if link.level:
                links.extend(reversed(read_page(self.depot, link)))


class _Cursor:
    """A place in a tree: before an item, or before a page and all below it."""

    def __init__(self, tree: Tree) -> None:
        self._depot = tree.depot
        self._stack: list[Iterator[Any]] = []
        self.row: Item | Link | None = tree.root

    def next(self) -> None:
        """Pass the row by."""
        self.row = None
        while self._stack and self.row is None:
            self.row = next(self._stack[-1], None)
            if self.row is None:
                self._stack.pop()

    def descend(self, link: Link) -> None:
        """Go to the first row of a page."""
        self._stack.append(iter(read_page(self._depot, link)))
        self.next()


def compare(old: Tree, new: Tree) -> Iterator[tuple[Item | None, Item | None]]:
    """Return what differs between two trees: pairs of the old and the new item of a
    key, None for one that there is not, in the order of the keys.  Pages that both
    have are not read.

    :param old: a tree

    :param new: another

    :raises CorruptDataError: if a page is missing or damaged

    """
    a, b = _Cursor(old), _Cursor(new)
    while a.row is not None or b.row is not None:
        left, right = a.row, b.row
        if _is_same(left, right):
            a.next()
            b.next()
        elif isinstance(left, Link) and _goes_first(left, right):
            a.descend(left)
        elif isinstance(right, Link) and _goes_first(right, left):
            b.descend(right)
        else:
            yield from _step(a, b)


def _is_same(left: Item | Link | None, right: Item | Link | None) -> bool:
    if isinstance(left, Link) and isinstance(right, Link):
        return left.digest == right.digest
    return left is not None and left == right


def _goes_first(link: Link, other: Item | Link | None) -> bool:
    """Return whether a page has to be opened, given what the other tree is at."""
    if isinstance(other, Link):
        return link.level >= other.level
    return other is None or link.first <= other.key


def _step(a: _Cursor, b: _Cursor) -> Iterator[tuple[Item | None, Item | None]]:
    # Neither is at a page that could have something before the other's item.
    left = a.row if isinstance(a.row, Item) else None
    right = b.row if isinstance(b.row, Item) else None
    if left is not None and right is not None and left.key == right.key:
        a.next()
        b.next()
        yield left, right
    elif right is None or (left is not None and left.key < right.key):
        a.next()
        yield left, None
    else:
        b.next()
        yield None, right

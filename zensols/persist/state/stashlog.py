"""Lists that grow at one end, in the entries of a stash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["WIDTH", "Log", "Page", "Within"]

WIDTH: Final = 32
"""How many items a page has."""

Item = tuple[Any, ...]
Page = tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """Which items are looked for.

    Immutable.

    >>> within = Within(first=3, sequence_id=7)
    >>> within.may_have(1, 5, 6, 8), within.may_have(1, 2, 6, 8)
    (True, False)

    """

    first: int = 0
    """The least identifier."""

    last: int | None = None
    """The greatest one, if there is a limit."""

    sequence_id: int | None = None
    """The sequence number, if it matters."""

    def may_have(self, first: int, last: int, low: int, high: int) -> bool:
        """Return whether there may be such items.

        :param first: the least identifier there

        :param last: the greatest one

        :param low: the least sequence number

        :param high: the greatest one

        """
        return (
            last >= self.first
            and (self.last is None or first <= self.last)
            and (self.sequence_id is None or low <= self.sequence_id <= high)
        )


@dataclass(frozen=True, slots=True)
class Log:
    """A list whose items have ascending identifiers, and sequence numbers in any
    order: these are the first two parts of each item.

    Its newest items are here, and the others in pages.  A full page is written once
    and described by an item of the next level, whose pages are full again, so that
    adding an item costs the same however many there are.

    Immutable.

    >>> log, pages = Log(), {}
    >>> for number in range(100):
    ...     log, made = log.with_item((number, -number))
    ...     pages.update(made)
    >>> [item[0] for item in log.scan(pages.get, Within())] == [*range(99, -1, -1)]
    True
    >>> list(log.scan(pages.get, Within(sequence_id=-40))), sorted(pages)
    ([(40, -40)], [0, 1, 2])

    """

    levels: tuple[Page, ...] = ()
    """The items first, then those that describe pages, level by level."""

    made: int = 0
    """How many pages have been made, and so the number of the next one."""

    def with_item(self, item: Item) -> tuple[Log, dict[int, Page]]:
        """Return this list with another item, and the pages to be written before.

        :param item: the item

        """
        levels, made = list(self.levels), self.made
        pages: dict[int, Page] = {}
        for level in range(len(levels) + 1):
            if level == len(levels):
                levels.append(())
            if len(levels[level]) < WIDTH:
                levels[level] = (*levels[level], item)
                break
            pages[made] = levels[level]
            levels[level], item = (item,), _described(made, levels[level], level)
            made += 1
        return Log(tuple(levels), made), pages

    def with_items(self, items: Iterable[Item]) -> tuple[Log, dict[int, Page]]:
        """Return a list of other items, and the pages to be written before.

        :param items: the items, in order

        """
        # Who reads this one must not find pages of the other.
        log, pages = Log((), self.made), {}
        for item in items:
            log, made = log.with_item(item)
            pages.update(made)
        return log, pages

    def scan(self, find_page: Callable[[int], Page], within: Within) -> Iterator[Item]:
        """Return items, the newest first.

        :param find_page: returns the page of a number

        :param within: which ones

        """
        for level, items in enumerate(self.levels):
            yield from _scan(items, level, find_page, within)

    def pages(self, find_page: Callable[[int], Page]) -> Iterator[int]:
        """Return the numbers of all pages.

        :param find_page: returns the page of a number

        """
        for level, items in enumerate(self.levels):
            yield from _pages(items, level, find_page)


def _described(number: int, page: Page, level: int) -> Item:
    if level == 0:
        sequence_ids = [item[1] for item in page]
        low, high = min(sequence_ids), max(sequence_ids)
        return number, page[0][0], page[-1][0], low, high
    low, high = min(item[3] for item in page), max(item[4] for item in page)
    return number, page[0][1], page[-1][2], low, high


def _scan(
    items: Page, level: int, find_page: Callable[[int], Page], within: Within
) -> Iterator[Item]:
    for item in reversed(items):
        if level == 0:
            first, sequence_id, *_ = item
            if within.may_have(first, first, sequence_id, sequence_id):
                yield item
        elif within.may_have(*item[1:]):
            yield from _scan(find_page(item[0]), level - 1, find_page, within)


def _pages(items: Page, level: int, find_page: Callable[[int], Page]) -> Iterator[int]:
    if level:
        for number, *_ in items:
            yield number
            if level > 1:
                yield from _pages(find_page(number), level - 1, find_page)

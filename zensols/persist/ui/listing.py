"""What the list of keys shows: all of them a page at a time, or those that match,
sorted if there are not too many.

"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, Final, Literal

from ..domain import Stash
from ..stash.layers import innermost
from ..stash.survey import Found, read_found
from ..stash.wording import age_text, escape, size_text
from .keypages import PAGE, KeyPages

__all__ = ["MOST", "ORDERS", "Listing", "Order", "row_of"]

MOST: Final = 10_000
"""How many keys can be sorted, and how many matches are listed."""

Order = Literal["stored", "key", "size", "newest", "oldest", "type"]
"""By what the keys are sorted; ``stored`` is as the store gives them."""

ORDERS: Final[dict[Order, Callable[[Found], Any]]] = {
    "key": lambda found: found.key,
    "size": lambda found: -(found.info.size if found.info else -1),
    "newest": lambda found: -_created(found, 0.0),
    "oldest": lambda found: _created(found, float("inf")),
    "type": lambda found: (found.info and found.info.type) or "",
}


def _created(found: Found, default: float) -> float:
    created = found.info.created if found.info else None
    return default if created is None else created.timestamp()


def row_of(found: Found) -> dict[str, str]:
    r"""Return what the list shows of a key: printable texts, which may have come from
    anywhere.

    :param found: the key, and what its entry tells of itself

    >>> row_of(Found("a\tb", None, None))["key"]
    'a\\tb'

    """
    row = found.row()
    shown = {
        "key": escape(found.key),
        "size": _shown(row.get("size"), size_text),
        "age": _shown(row.get("age"), age_text),
        "type": escape((row.get("type") or "").rpartition(".")[2]),
        "codec": row.get("codec") or "",
    }
    if found.problem is not None:
        shown["type"] = "can't be read"
    return shown


def _shown(value: Any, text: Callable[[Any], str]) -> str:
    return "" if value is None else text(value)


def _matcher(match: str) -> Callable[[str], bool]:
    wanted = match.casefold()
    if set(match) & set("*?["):
        return lambda key: fnmatchcase(key.casefold(), wanted)
    return lambda key: wanted in key.casefold()


@dataclass(frozen=True)
class Listing:
    """The keys of a stash that match, in some order.

    Safe to use from many threads.

    >>> from zensols.persist import open_stash
    >>> stash = open_stash("memory:?codec=json")
    >>> stash.dump_many([("a", 1), ("b", "long" * 100)])
    >>> [row["key"] for row in Listing.find(stash, "", "size").rows(0)]
    ['b', 'a']

    """

    stash: Stash[Any]
    """What has the keys."""

    pages: KeyPages
    """The keys."""

    order: Order
    """By what they are sorted."""

    found: int | None = None
    """How many there are, None if they have not been counted."""

    note: str = ""
    """What is not as was asked for, and why."""

    @classmethod
    def find(
        cls, stash: Stash[Any], match: str = "", order: Order = "stored"
    ) -> Listing:
        """Return the keys that match.

        :param stash: what has the keys

        :param match: part of the keys, or a pattern such as ``user-*``, in small or
                      capital letters

        :param order: by what to sort; of more than :data:`MOST` keys, what is found
                      first is listed as the store gives it

        """
        store = innermost(stash)
        if not match and order == "stored":
            return cls(stash, KeyPages(store.keys), order)
        keys: Iterator[str] = iter(store.keys())
        if match:
            keys = filter(_matcher(match), keys)
        some = list(islice(keys, MOST + 1))
        if len(some) > MOST:
            if not match:
                note = f"Too many keys to sort (more than {MOST:,}): search first"
                return cls(stash, KeyPages(store.keys), "stored", None, note)
            del some[MOST:]
            note = f"More than {MOST:,} keys match: these are the first, not sorted"
            return cls(stash, _pages(some), "stored", MOST, note)
        if order == "key":
            some.sort()
        elif order != "stored":
            found = sorted(read_found(stash, some), key=ORDERS[order])
            some = [f.key for f in found]
        return cls(stash, _pages(some), order, len(some))

    def rows(self, number: int) -> list[dict[str, str]]:
        """Return what the list shows on a page.  Nothing is decoded.

        :param number: the number of the page, from 0

        """
        keys = self.pages.page(number)
        by_key = {found.key: found for found in read_found(self.stash, keys)}
        # One that was deleted meanwhile keeps its place until all is listed anew.
        return [row_of(by_key.get(key, Found(key, None, None))) for key in keys]

    def count(self) -> int:
        """Return how many keys there are, which may take time."""
        if self.found is not None:
            return self.found
        return len(innermost(self.stash))


def _pages(keys: Sequence[str]) -> KeyPages:
    return KeyPages(lambda: keys, PAGE)

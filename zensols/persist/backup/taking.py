"""Making the pages of a snapshot, from those of an earlier one where nothing has
changed.

"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import chain, islice
from struct import Struct
from typing import Any, Final, NamedTuple

from .depot import Depot
from .pages import Item, Link, TreeBuilder, read_page
from .parts import from_bytes, part_of, same_value
from .sorting import Record
from .source import Source
from .tree import Tree

__all__ = ["Earlier", "take"]

_MARK_SIZE: Final = 16
_LENGTHS: Final = Struct("<QQ")
_MOST: Final = 2048
"""How many keys can be compared with a page of an earlier snapshot."""

_MOST_BYTES: Final = 1 << 24
"""How many bytes of entries are in memory for that."""

_SMALL: Final = 1 << 12
"""Up to how many bytes it is quicker to copy them than to digest them on their own."""

_SOME: Final = 1000
"""After how many entries progress is told."""


class Earlier(NamedTuple):
    """An earlier snapshot of the same stash."""

    tree: Tree
    """Its items."""

    marks: bytes
    """What its pages of items were made of, see :func:`take`."""

    stamp: str | None = None
    """The store's stamp."""


def take(
    source: Source,
    depot: Depot,
    earlier: Earlier | None,
    stamp: str | None,
    progress: Callable[[int, int], None],
) -> tuple[Link, bytes]:
    """Add the entries of a stash to a depot.

    The keys are compared, page by page, with those of an earlier snapshot: a mark is
    the digest of the keys of a page and their stamps, or their entries where there
    are no stamps.  Where it is the same, the page is taken over, and files whose
    stamps haven't changed aren't read.

    :param source: has the entries

    :param depot: where to add them

    :param earlier: what to compare with

    :param stamp: the store's stamp, or None; if it is the earlier one's, nothing is
                  read

    :param progress: called now and then with the number of entries that are done,
                     and of all

    :return: the link of the topmost page, and the marks of the pages of items

    """
    if earlier is not None and stamp is not None and stamp == earlier.stamp:
        root = earlier.tree.root
        progress(root.items, root.items)
        return root, earlier.marks
    with source.keys() as keys:
        taking = _Taking(source, depot, earlier, lambda n: progress(n, keys.count))
        taking.run(Ahead(keys))
        progress(keys.count, keys.count)
    return taking.builder.finish(), b"".join(taking.marks())


class _Taking:
    def __init__(
        self,
        source: Source,
        depot: Depot,
        earlier: Earlier | None,
        progress: Callable[[int], None],
    ) -> None:
        self._source = source
        self._depot = depot
        self._earlier = earlier
        self._progress = progress
        self._done = 0
        self._told = 0
        self._marks: list[bytes] = []
        self._reused: bytes | None = None
        self._old: dict[bytes, Item] = {}
        self._hash = blake2b(digest_size=_MARK_SIZE)
        self.builder = TreeBuilder(depot, self._closed)

    def marks(self) -> list[bytes]:
        """Return the marks, once the tree is finished."""
        return self._marks

    def _closed(self, _link: Link) -> None:
        if self._reused is not None:
            mark, self._reused = self._reused, None
        else:
            mark = self._hash.digest()
            self._hash = blake2b(digest_size=_MARK_SIZE)
        self._marks.append(mark)

    def run(self, records: Ahead) -> None:
        """Add all entries."""
        if self._earlier is not None:
            marks = self._earlier.marks
            for number, (link, end) in enumerate(_ranges(self._earlier.tree)):
                mark = marks[number * _MARK_SIZE : (number + 1) * _MARK_SIZE]
                self._add_group(link, mark, records.until(end))
        self._add_all(iter(records))

    def _add_group(self, link: Link, mark: bytes, group: Iterator[Record]) -> None:
        some = list(islice(group, _MOST))
        if self.builder.at_boundary and len(some) == link.items > 0:
            if all(stamp for _, stamp in some) and self._is_same(some, mark):
                self._reuse(link, mark)
            else:
                self._add_compared(link, mark, some)
            return
        self._know(link)
        self._add_all(chain(some, group))

    def _is_same(self, some: list[Record], mark: bytes) -> bool:
        found = blake2b(digest_size=_MARK_SIZE)
        if sum(len(stamp) for _, stamp in some) > _SMALL * len(some):
            for record in some:
                _update(found, record)
        else:
            pack = _LENGTHS.pack
            parts = [pack(len(key), len(stamp)) + key + stamp for key, stamp in some]
            found.update(b"".join(parts))
        return found.digest() == mark

    def _reuse(self, link: Link, mark: bytes) -> None:
        self._reused = mark
        self.builder.add_page(link)
        self._tell(link.items)

    def _know(self, link: Link) -> None:
        # What is in the page needs no looking for in the depot.
        items: list[Item] = read_page(self._depot, link)
        self._depot.known = {item.body for item in items}
        if self._source.store is None:
            # What is encoded anew differs even where the value is the same.
            self._old = {item.key: item for item in items}

    def _add_compared(self, link: Link, mark: bytes, some: list[Record]) -> None:
        """Read the entries and compare them with a page's."""
        read: list[tuple[bytes, bytes, bytes]] = []
        size = 0
        entries = self._read(some)
        for one in entries:
            read.append(one)
            size += len(one[1])
            if size > _MOST_BYTES:
                break
        else:
            if self._is_same([(key, stamp) for key, _, stamp in read], mark):
                self._reuse(link, mark)
                return
        self._know(link)
        self._add(chain(read, entries))

    def _read(self, some: list[Record]) -> Iterator[tuple[bytes, bytes, bytes]]:
        """Return keys, entries and stamps, for which entries stand in."""
        stamps = {from_bytes(key): (key, stamp) for key, stamp in some}
        for name, entry in self._source.entries(stamps):
            key, stamp = stamps[name]
            yield key, entry, stamp or self._source.mark(entry)

    def _add_all(self, records: Iterator[Record]) -> None:
        while some := list(islice(records, _SOME)):
            self._add(self._read(some))

    def _add(self, entries: Iterator[tuple[bytes, bytes, bytes]]) -> None:
        for key, entry, stamp in entries:
            _update(self._hash, (key, stamp))
            part = part_of(key, entry)
            old = self._old.get(key)
            if old is not None and same_value(old, part.item):
                self.builder.add(old)
            else:
                self.builder.add(part.add_to(self._depot))
            self._tell(1)

    def _tell(self, count: int) -> None:
        self._done += count
        if self._done - self._told >= _SOME:
            self._told = self._done
            self._progress(self._done)


class Ahead:
    """An iterator that can be taken from up to a key.

    For one thread.

    >>> ahead = Ahead([(b"a", b""), (b"b", b"")])
    >>> list(ahead.until(b"b")), list(ahead)
    ([(b'a', b'')], [(b'b', b'')])

    """

    def __init__(self, records: Iterable[Record]) -> None:
        """
        :param records: what is taken

        """
        self._records = iter(records)
        self._next = next(self._records, None)

    def until(self, end: bytes | None) -> Iterator[Record]:
        """Take the records before a key.

        :param end: the key; None takes all

        """
        while (record := self._next) is not None:
            if end is not None and record[0] >= end:
                return
            self._next = next(self._records, None)
            yield record

    def __iter__(self) -> Iterator[Record]:
        return self.until(None)


def _update(digest: Any, record: Record) -> None:
    key, stamp = record
    if len(stamp) > _SMALL:
        digest.update(_LENGTHS.pack(len(key), len(stamp)) + key)
        digest.update(stamp)
    else:
        digest.update(_LENGTHS.pack(len(key), len(stamp)) + key + stamp)


def _ranges(tree: Tree) -> Iterator[tuple[Link, bytes | None]]:
    """Return the pages of items, each with the key that the next one begins with."""
    before: Link | None = None
    for link in tree.leaves():
        if before is not None:
            yield before, link.first
        before = link
    if before is not None:
        yield before, None

"""What differs between two snapshots, or a snapshot and a stash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import groupby
from typing import Any, Literal

from ..domain import Stash, chunks
from .pages import Item
from .parts import from_bytes, part_of, same_value
from .snapshotstash import SnapshotStash
from .snapshotting import Snapshot
from .source import Source
from .tree import compare

__all__ = ["Change", "Pair", "change_of", "diff", "items_of", "paired"]

Change = Literal["added", "changed", "removed"]
"""What has become of a key."""

Pair = tuple[Item | None, Item | None]
"""What there was of a key and what there is, None for nothing."""

_SOME = 500


def diff(
    a: Snapshot | Stash[Any], b: Snapshot | Stash[Any]
) -> Iterator[tuple[str, Change]]:
    """Return what has to be done to a snapshot or stash to get another one, lazily, in
    the order of the keys' UTF-8 bytes.  Values are compared as they are stored, and
    none is decoded; when and by whom they were written doesn't count.

    Of two snapshots, only the pages that differ are read.

    :param a: a snapshot, or a stash as it is now

    :param b: another

    :return: pairs of keys and ``added`` (to the second), ``changed`` or ``removed``

    :raises CorruptDataError: if a part of a snapshot is missing or damaged

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup import snapshot
    >>> stash = DictionaryStash({"a": 1, "b": 2})
    >>> before = snapshot(stash, DictionaryStash())
    >>> stash["b"], stash["c"] = 3, 4
    >>> del stash["a"]
    >>> list(diff(before, stash))
    [('a', 'removed'), ('b', 'changed'), ('c', 'added')]

    """
    with ExitStack() as stack:
        one, other = _content(a), _content(b)
        if isinstance(one, Snapshot) and isinstance(other, Snapshot):
            pairs = compare(one.tree, other.tree)
        else:
            pairs = paired(_items(one, stack), _items(other, stack))
        for old, new in pairs:
            if old is None or new is None or not same_value(old, new):
                yield change_of(old, new)


def _content(side: Snapshot | Stash[Any]) -> Snapshot | Stash[Any]:
    return side.snapshot if isinstance(side, SnapshotStash) else side


def _items(side: Snapshot | Stash[Any], stack: ExitStack) -> Iterator[Item]:
    if isinstance(side, Snapshot):
        return side.tree.items()
    return items_of(Source(stack.enter_context(side.frozen())), stack)


def items_of(source: Source, stack: ExitStack) -> Iterator[Item]:
    """Return the items of a stash, lazily, in the order of their keys.

    :param source: has the entries

    :param stack: entered by what the items are had from

    """
    keys = stack.enter_context(source.keys())
    for some in chunks(keys, _SOME):
        found = {from_bytes(key): key for key, _ in some}
        for name, entry in source.entries(found):
            yield part_of(found[name], entry).item


def paired(old: Iterable[Item], new: Iterable[Item]) -> Iterator[Pair]:
    """Return pairs of the items of the same key, lazily.

    :param old: items in the order of their keys

    :param new: others

    >>> one = Item(b"a", b"", b"1", 1)
    >>> list(paired([one], []))
    [(Item(key=b'a', head=b'', body=b'1', size=1), None)]

    """
    both = merge(
        ((item.key, 0, item) for item in old), ((item.key, 1, item) for item in new)
    )
    for _, some in groupby(both, key=lambda one: one[0]):
        found = {side: item for _, side, item in some}
        yield found.get(0), found.get(1)


def change_of(old: Item | None, new: Item | None) -> tuple[str, Change]:
    """Return the key of a pair of items, and what has become of it.

    :param old: what there was

    :param new: what there is

    """
    if old is None:
        assert new is not None  # noqa: S101  one of them is there
        return from_bytes(new.key), "added"
    return from_bytes(old.key), "removed" if new is None else "changed"

"""Checking that all of a snapshot is there and as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..domain import Stash, StashURL
from ..error import CorruptDataError
from .depot import OBJECT, Depot
from .manifest import Catalog
from .pages import Item, Link, read_page
from .parts import INLINE, from_bytes
from .snapshotting import Snapshot, snapshots

__all__ = ["Problem", "verify"]


class Problem(NamedTuple):
    """What is wrong with a snapshot.

    >>> Problem("00000001-20251115T161118Z-5d2b1c0a", "user:1", "is missing").key
    'user:1'

    """

    snapshot: str
    """The snapshot's id."""

    key: str | None
    """The key whose value is lost, or None if it is more than one's."""

    reason: str
    """What is wrong, and what to do."""


def verify(what: Snapshot | Stash[Any] | StashURL | str) -> Iterator[Problem]:
    """Read snapshots, and compare all of their pages and values with their digests.
    What several snapshots share is read once, and told of each.

    :param what: a snapshot, or where snapshots are kept, to check all of these

    :return: what is wrong, lazily; nothing if all is well

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup import snapshot
    >>> backups = DictionaryStash()
    >>> taken = snapshot(DictionaryStash({"a": "x" * 1000}), backups)
    >>> list(verify(backups))
    []
    >>> for key in [key for key in backups.keys() if key.startswith("object-")]:
    ...     del backups[key]
    >>> [problem.key for problem in verify(taken)]
    ['a']

    """
    checker = _Checker()
    if isinstance(what, Snapshot):
        yield from checker.check(what)
        return
    depot = Depot(what)
    catalog = Catalog(depot)
    for snapshot_id in catalog.ids("snapshot"):
        try:
            catalog.read("snapshot", snapshot_id)
        except CorruptDataError as e:
            yield Problem(snapshot_id, None, str(e))
    for snapshot in snapshots(what):
        yield from checker.check(snapshot)


class _Checker:
    def __init__(self) -> None:
        self._good: set[bytes] = set()
        """The digests of pages below which all is well."""

    def check(self, snapshot: Snapshot) -> Iterator[Problem]:
        """Return what is wrong with a snapshot."""
        yield from self._check_page(snapshot, snapshot.tree.root)

    def _check_page(self, snapshot: Snapshot, link: Link) -> Iterator[Problem]:
        if link.digest in self._good:
            return
        try:
            rows = read_page(snapshot.depot, link)
        except CorruptDataError as e:
            yield Problem(snapshot.id, None, str(e))
            return
        is_good = True
        problems = (
            (p for row in rows for p in self._check_page(snapshot, row))
            if link.level
            else self._check_items(snapshot, rows)
        )
        for problem in problems:
            is_good = False
            yield problem
        if is_good:
            self._good.add(link.digest)

    def _check_items(self, snapshot: Snapshot, items: list[Item]) -> Iterator[Problem]:
        for item in items:
            if item.size > INLINE:
                try:
                    snapshot.depot.read(OBJECT, item.body)
                except CorruptDataError as e:
                    yield Problem(snapshot.id, from_bytes(item.key), str(e))

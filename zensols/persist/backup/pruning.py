"""Deleting snapshots, and what only they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ..domain import BatchGate, Stash, StashURL, chunks
from ..error import CorruptDataError
from .depot import OBJECT, PAGE, Depot
from .manifest import Catalog
from .pages import Link, read_page
from .parts import INLINE
from .restoration import KIND as RESTORATION
from .restoration import trees
from .retention import Count, Retention, expired
from .snapshotting import GATE, Snapshot, snapshots
from .tree import Tree
from .verifying import verify

__all__ = ["Pruned", "forget", "prune"]

_KIND: Final = "snapshot"
_TIMEOUT: Final = 300.0
_SOME: Final = 500
_UNDOABLE: Final = 10
"""How many restorations can be undone afterwards; those that were interrupted stay
in addition.
"""


class Pruned(NamedTuple):
    """What pruning has deleted, or would delete.

    >>> Pruned(["00000001-20251115T161118Z-5d2b1c0a"], 12).unneeded
    12

    """

    snapshots: list[str]
    """The ids of the snapshots, the oldest first."""

    unneeded: int
    """How many pages and values nothing needs any more."""


def prune(
    into: Stash[Any] | StashURL | str,
    keep: int | Retention,
    *,
    name: str | None = None,
    dry_run: bool = False,
    timeout: float | None = _TIMEOUT,
) -> Pruned:
    """Delete snapshots, and then the pages and values that no other one needs, nor any
    of the last ten restorations that could be undone.  Of each name, the newest good
    snapshot always stays.

    Nobody can take or restore a snapshot meanwhile: they wait, and this waits for
    them.  If it is killed, what is left over is deleted the next time.

    :param into: where the snapshots are kept, or its URL

    :param keep: how many of each name to keep, or a rule such as
                 :class:`.Tiers`

    :param name: delete only snapshots of this name

    :param dry_run: whether to only tell what would be deleted

    :param timeout: how many seconds to wait for others; None waits as long as it takes

    :raises LockTimeoutError: if others take longer

    :raises CorruptDataError: if a page of a snapshot that stays is missing or damaged,
                              so that nobody knows what it needs; nothing is deleted
                              then: mend it (``snapshot(..., full=True)``) or
                              :func:`forget` it

    :raises PersistableError: if something can't be deleted

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup import snapshot
    >>> backups = DictionaryStash()
    >>> for number in range(3):
    ...     taken = snapshot(DictionaryStash({"a": number}), backups)
    >>> pruned = prune(backups, keep=2)
    >>> len(pruned.snapshots), len(snapshots(backups))
    (1, 2)

    """
    rule: Retention = Count(keep) if isinstance(keep, int) else keep
    depot = Depot(into)
    catalog = Catalog(depot)
    with BatchGate(depot.stash, GATE).shut(timeout):
        if not dry_run:
            # Those that were killed before they could list what they had finished.
            _relist(catalog)
        found = snapshots(depot.stash)
        gone = [
            snapshot.id
            for one in dict.fromkeys(taken.name for taken in found)
            if name is None or one == name
            for snapshot in _expired([s for s in found if s.name == one], rule)
        ]
        gone.sort()
        restorations = _old_restorations(catalog)
        needed = _Needed(depot)
        for snapshot in found:
            if snapshot.id not in gone:
                needed.add(snapshot.tree)
                needed.add_marks(snapshot)
        for restoration_id, content in catalog.readable(RESTORATION):
            if restoration_id not in restorations:
                for tree in trees(depot, content):
                    needed.add(tree)
        if not dry_run:
            catalog.forget(_KIND, gone)
            catalog.forget(RESTORATION, restorations)
        unneeded = _sweep(depot, needed, dry_run)
    return Pruned(gone, unneeded)


def forget(snapshot: Snapshot) -> None:
    """Delete a snapshot, be it the last good one or damaged.  What only it needs is
    deleted when :func:`prune` is called next.

    :param snapshot: the snapshot

    :raises PersistableError: if it can't be deleted

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup import snapshot
    >>> backups = DictionaryStash()
    >>> forget(snapshot(DictionaryStash(), backups))
    >>> snapshots(backups)
    []

    """
    with BatchGate(snapshot.into, GATE).passing():
        Catalog(snapshot.depot).forget(_KIND, [snapshot.id])


def _relist(catalog: Catalog) -> None:
    listed = set(catalog.ids(_KIND))
    for snapshot_id in sorted(catalog.scan(_KIND) - listed):
        try:
            content = catalog.read(_KIND, snapshot_id)
        except CorruptDataError:
            continue
        catalog.write(_KIND, snapshot_id, content)


def _expired(found: list[Snapshot], rule: Retention) -> list[Snapshot]:
    by_id = {snapshot.id: snapshot for snapshot in found}
    made = [(snapshot.id, snapshot.created) for snapshot in found]

    def is_good(snapshot_id: str) -> bool:
        return next(verify(by_id[snapshot_id]), None) is None

    return [by_id[snapshot_id] for snapshot_id in expired(made, rule, is_good)]


def _old_restorations(catalog: Catalog) -> list[str]:
    done = [
        restoration_id
        for restoration_id, content in catalog.readable(RESTORATION)
        if content["state"] in ("done", "undone")
    ]
    return done[_UNDOABLE:]


class _Needed:
    """The digests of pages and values that stay."""

    def __init__(self, depot: Depot) -> None:
        self._depot = depot
        self._digests: dict[str, set[bytes]] = {PAGE: set(), OBJECT: set()}

    def has(self, kind: str, digest: bytes) -> bool:
        """Return whether it stays."""
        return digest in self._digests[kind]

    def add(self, tree: Tree) -> None:
        """Add all that is below a page."""
        pages, objects = self._digests[PAGE], self._digests[OBJECT]
        links: list[Link] = [tree.root]
        while links:
            link = links.pop()
            if link.digest in pages:
                continue
            pages.add(link.digest)
            rows = read_page(self._depot, link)
            if link.level:
                links.extend(rows)
            else:
                objects.update(item.body for item in rows if item.size > INLINE)

    def add_marks(self, snapshot: Snapshot) -> None:
        """Add what the next snapshot is compared with."""
        self._digests[OBJECT].add(bytes.fromhex(snapshot.marks))


def _sweep(depot: Depot, needed: _Needed, dry_run: bool) -> int:
    count = 0
    for some in chunks(_unneeded(depot, needed), _SOME):
        count += len(some)
        if not dry_run:
            depot.delete(some)
    return count


def _unneeded(depot: Depot, needed: _Needed) -> Iterator[str]:
    for name in depot.names():
        parsed = Depot.parse(name)
        if parsed is not None and not needed.has(*parsed):
            yield name

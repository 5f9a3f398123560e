"""Putting back what a snapshot has, so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from fnmatch import fnmatchcase
from heapq import merge
from itertools import groupby
from typing import Any, Literal

from ..domain import BatchGate, Stash, chunks
from ..error import PersistableError
from .differences import Change
from .manifest import now
from .pages import Item, TreeBuilder
from .parts import Part, from_bytes, join, part_of, to_bytes
from .place import place_of
from .restoration import Keys, Restoration
from .snapshotting import GATE, Progress, Snapshot
from .source import Source

__all__ = ["Mode", "restore"]

Mode = Literal["merge", "replace"]
"""Whether what the snapshot doesn't have stays or is deleted."""

Wanted = str | Iterable[str] | Callable[[str], bool] | None
"""Which keys: a pattern, the keys themselves, what tells them, or all."""

_SOME = 500
_TIMEOUT = 300.0


def restore(
    snapshot: Snapshot,
    stash: Stash[Any],
    keys: Wanted = None,
    *,
    mode: Mode = "merge",
    dry_run: bool = False,
    progress: Progress | None = None,
    timeout: float | None = _TIMEOUT,
) -> Restoration:
    """Put back what a snapshot has.

    All that is needed of the snapshot is verified first, and what is going to be
    overwritten or deleted is kept beside it, so that this can be undone, also by
    another process (:func:`.undo`), and when it was killed half-way.  SQLite, LMDB and
    PostgreSQL do it in one transaction.  What is the same already isn't written.

    Those who write batches wait meanwhile; don't write single values of these keys.

    :param snapshot: what to put back

    :param stash: where to, be it the one that the snapshot was taken of or not

    :param keys: which keys: those of an iterable, those that match a pattern such as
                 ``user-*`` (see :mod:`fnmatch`), or those of which a function returns
                 true; by default all

    :param mode: whether to keep what the snapshot doesn't have (``merge``), or delete
                 it (``replace``); of the chosen keys only

    :param dry_run: whether to only tell what would be done

    :param progress: is told how far this is

    :param timeout: how many seconds to wait for others to end their batches; None
                    waits as long as it takes

    :raises CorruptDataError: if a part of the snapshot is missing or damaged; nothing
                              was changed then

    :raises LockTimeoutError: if a batch takes longer

    :raises PersistableError: if a key is not in the snapshot, though its name is
                              given, or the stash can't be written; what was changed
                              then can be undone

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup import snapshot
    >>> stash = DictionaryStash({"a": 1, "b": 2})
    >>> taken = snapshot(stash, DictionaryStash())
    >>> stash["b"], stash["c"] = 3, 4
    >>> done = restore(taken, stash, mode="replace")
    >>> dict(stash), list(done.changed), list(done.removed)
    ({'a': 1, 'b': 2}, ['b'], ['c'])
    >>> done.undo()
    >>> dict(stash)
    {'a': 1, 'b': 3, 'c': 4}

    """
    if mode not in ("merge", "replace"):
        raise PersistableError(f"Unknown mode {mode!r}: use 'merge' or 'replace'")
    plan = _Plan(snapshot, stash, keys, mode)
    if dry_run:
        return _planned(plan)
    depot = snapshot.depot
    with (
        BatchGate(depot.stash, GATE).passing(),
        stash.batch_gate().shut(timeout),
    ):
        before, after = TreeBuilder(depot), TreeBuilder(depot)
        counts: dict[Change, int] = {"added": 0, "changed": 0, "removed": 0}
        for some in chunks(plan.parts(), _SOME):
            for _ in join(depot, (new for _, new in some if new is not None)):
                # Reading them is verifying them.
                pass
            for old, new in some:
                if old is not None:
                    before.add(old.add_to(depot))
                if new is not None:
                    after.add(new)
                counts[_kind(old, new)] += 1
        restoration = Restoration.begin(
            depot,
            stash,
            {
                "name": snapshot.name,
                "snapshot": snapshot.id,
                "mode": mode,
                "created": now().isoformat(),
                "url": place_of(stash),
                "type": type(stash).__name__,
                "counts": counts,
            },
            before.finish(),
            after.finish(),
        )
        restoration.finish(progress)
    return restoration


def _kind(old: object, new: object) -> Change:
    if old is None:
        return "added"
    return "removed" if new is None else "changed"


def _planned(plan: _Plan) -> Restoration:
    counts: dict[Change, int] = {"added": 0, "changed": 0, "removed": 0}
    for old, new in plan.parts():
        counts[_kind(old, new)] += 1

    def keys(kind: Change) -> Keys:
        def found() -> Iterator[str]:
            for old, new in plan.parts():
                item = new if old is None else old.item
                if _kind(old, new) == kind and item is not None:
                    yield from_bytes(item.key)

        return Keys(counts[kind], found)

    return Restoration.planned(plan.snapshot, plan.mode, keys)


class _Plan:
    """What is to be done, found out anew each time it is asked for."""

    def __init__(
        self, snapshot: Snapshot, stash: Stash[Any], keys: Wanted, mode: Mode
    ) -> None:
        self.snapshot = snapshot
        self.mode = mode
        self._source = Source(stash)
        self._names: list[bytes] | None = None
        self._wanted: Callable[[str], bool] = _all
        if isinstance(keys, str):
            self._wanted = lambda key: fnmatchcase(key, keys)
        elif callable(keys):
            self._wanted = keys
        elif keys is not None:
            self._names = sorted({to_bytes(str(key)) for key in keys})

    def parts(self) -> Iterator[tuple[Part | None, Item | None]]:
        """Return what the stash has and what the snapshot has of each key of which
        that differs, in the order of the keys.

        """
        with ExitStack() as stack:
            for some in chunks(self._pairs(stack), _SOME):
                there = self._read([key for key, _ in some])
                for key, new in some:
                    old = there.get(key)
                    if not self._is_same(old, new):
                        yield old, new

    def _is_same(self, old: Part | None, new: Item | None) -> bool:
        if old is None or new is None:
            return old is None and new is None
        return self._source.is_same(old.item, new)

    def _read(self, keys: list[bytes]) -> dict[bytes, Part]:
        names = {from_bytes(key): key for key in keys}
        return {
            names[name]: part_of(names[name], entry)
            for name, entry in self._source.entries(names)
        }

    def _pairs(self, stack: ExitStack) -> Iterator[tuple[bytes, Item | None]]:
        tree = self.snapshot.tree
        if self._names is not None:
            found = [(key, tree.find(key)) for key in self._names]
            absent = [from_bytes(key) for key, item in found if item is None]
            if absent and self.mode == "merge":
                raise PersistableError(
                    f"Snapshot {self.snapshot.id} has no key {absent[0]!r}"
                    + (f", nor {len(absent) - 1} more" if absent[1:] else "")
                    + ": give keys that it has, or mode='replace' to delete others"
                )
            yield from found
            return
        items = (item for item in tree.items() if self._wanted(from_bytes(item.key)))
        if self.mode == "merge":
            yield from ((item.key, item) for item in items)
            return
        keys = stack.enter_context(self._source.keys())
        there = (key for key, _ in keys if self._wanted(from_bytes(key)))
        both = merge(((key, 0, None) for key in there), ((i.key, 1, i) for i in items))
        for key, some in groupby(both, key=lambda one: one[0]):
            yield key, list(some)[-1][2]


def _all(_key: str) -> bool:
    return True

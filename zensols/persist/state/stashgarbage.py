"""Delete from stashes what no application has any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .garbage import Garbage, find_garbage
from .record import Branch
from .stashbranch import Entry, StashBranch
from .stashfamilies import Place, StashFamilies
from .stashkeys import branch_key, full, local_of, page_key, record_key
from .stashlog import Page, Within

__all__ = ["discard"]


class _Change(NamedTuple):
    branch: StashBranch
    pages: dict[int, Page]


def discard(families: StashFamilies, branches: list[Branch], root: int) -> None:
    """Delete what no application of a family has any more, and hide what only others
    need.

    What is to be deleted is written down first, for the next one to do that if this
    one is killed.

    :param families: has the family, whose lock the caller has

    :param branches: its branches

    :param root: its number

    """
    there = families.find_branches(root)
    entries = {
        place: list(families.scan(place, branch, Within()))[::-1]
        for place, branch in there.items()
    }
    garbage = find_garbage(
        branches,
        [
            entry.record(root, full(*place), b"")
            for place, some in entries.items()
            for entry in some
        ],
    )
    removed = {Place(root, local_of(id_)) for id_ in garbage.branches}
    kept = {
        place: _kept(some, garbage)
        for place, some in entries.items()
        if place not in removed
    }
    changes = {
        place: _Change(*there[place].with_entries(some, _cut(entries[place], some)))
        for place, some in kept.items()
        if some != entries[place]
    }
    family = families.find_family(root)
    if not (removed or changes or family.trash):
        return
    trash = set(family.trash)
    trash.update(branch_key(*place) for place in removed)
    trash |= _record_keys(root, entries.values()) - _record_keys(root, kept.values())
    for place in {*changes, *removed}:
        trash |= families.page_keys(place, there[place])
    for place, change in changes.items():
        trash.update(page_key(branch_key(*place), number) for number in change.pages)
    families.put_family(root, family._replace(trash=tuple(sorted(trash))))
    for place, change in changes.items():
        families.put_branch(place, *change)
    needed = _record_keys(root, kept.values()) | {branch_key(*place) for place in kept}
    for place in kept:
        branch = changes[place].branch if place in changes else there[place]
        needed |= families.page_keys(place, branch)
    families.delete(sorted(trash - needed))
    numbers = tuple(place.number for place in kept)
    families.put_family(root, family._replace(numbers=numbers, trash=()))


def _kept(entries: list[Entry], garbage: Garbage) -> list[Entry]:
    gone = {local_of(id_) for id_ in garbage.records}
    hidden = {local_of(id_) for id_ in garbage.hidden}
    return [
        entry._replace(hidden=entry.hidden or entry.local in hidden)
        for entry in entries
        if entry.local not in gone
    ]


def _cut(entries: list[Entry], kept: list[Entry]) -> int:
    """Return what identifies the newest record that is not kept."""
    gone = {entry.local for entry in entries} - {entry.local for entry in kept}
    return max(gone, default=0)


def _record_keys(root: int, entries: Iterable[list[Entry]]) -> set[str]:
    return {record_key(root, entry.local) for some in entries for entry in some}

"""Branches, as stashes have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .chain import Kind, Stored
from .interface import Status
from .record import Branch, Draft, Record
from .stashkeys import full, nth, number_of
from .stashlog import Log, Page, Within

__all__ = ["Entry", "StashBranch"]


class Entry(NamedTuple):
    """What a branch lists of a record: all but the payload."""

    local: int
    """What identifies it in its family."""

    sequence_id: int
    """See :class:`.Record`, as all that follow until ``place``."""

    position: str
    status: Status
    created_at: str
    version: int | None
    size: int
    kind: Kind
    path: tuple[int, ...]
    """What identifies these in the family."""

    place: int

    hidden: bool
    """Whether it is kept only because others need it."""

    stamp: int
    """When it was saved, in nanoseconds; later ones of a branch have greater ones."""

    @classmethod
    def of(cls, draft: Draft, local: int, path: tuple[int, ...], stamp: int) -> Entry:
        """Return what to list of a record that is being added."""
        stored = draft.stored
        return cls(
            local,
            draft.sequence_id,
            draft.position,
            draft.status,
            draft.created_at,
            draft.version,
            draft.size,
            stored.kind,
            path,
            stored.place,
            hidden=False,
            stamp=stamp,
        )

    def record(self, root: int, branch: int, payload: bytes) -> Record:
        """Return the record.

        :param root: the number of its family

        :param branch: what identifies its branch

        :param payload: the payload

        """
        path = tuple(full(root, local) for local in self.path)
        return Record(
            full(root, self.local),
            branch,
            self.sequence_id,
            self.position,
            self.status,
            self.created_at,
            self.version,
            self.size,
            Stored(self.kind, payload, path, self.place),
        )


@dataclass(frozen=True, slots=True)
class StashBranch:
    """A branch and the list of its records.

    Immutable.

    >>> branch = StashBranch("user 1", "chat", None, None, 0, 0, 1, 0, Log())
    >>> StashBranch.of(branch.value) == branch
    True

    """

    partition_key: str | None
    """The partition of the application that it was made for."""

    app_id: str
    """That application."""

    parent: int | None
    """The number of the branch that it was forked off, if it was."""

    last: int | None
    """What identifies the last record of its parent that belongs to it."""

    floor: int
    """What identifies the first record that belongs to the application still."""

    cut: int
    """What identifies the newest record that was deleted; all newer ones are there."""

    following: int
    """Which one of the branch, and those that it was forked off, the next record is."""

    stamp: int
    """When the newest record was saved."""

    log: Log
    """The records, see :class:`Entry`."""

    @property
    def value(self) -> tuple[Any, ...]:
        """What a stash keeps of it: nothing but what any codec can store."""
        log = self.log
        return (
            *(self.partition_key, self.app_id, self.parent, self.last, self.floor),
            *(self.cut, self.following, self.stamp, log.levels, log.made),
        )

    @classmethod
    def of(cls, value: tuple[Any, ...]) -> StashBranch:
        """Return the branch that a stash has kept.

        :param value: its :attr:`value`

        """
        fields = (*value[:-2], Log(*value[-2:]))
        return cls(*fields)

    @property
    def is_empty(self) -> bool:
        """Whether there never was a record."""
        return self.parent is None and not self.stamp

    def next_local(self, number: int) -> int:
        """Return what will identify the next record.

        :param number: the branch's

        """
        return nth(self.following, number)

    def with_entry(self, entry: Entry) -> tuple[StashBranch, dict[int, Page]]:
        """Return this branch with another record, and the pages to be written before.

        :param entry: the record

        """
        log, pages = self.log.with_item(tuple(entry))
        changed = replace(
            self, log=log, following=number_of(entry.local) + 1, stamp=entry.stamp
        )
        return changed, pages

    def with_entries(
        self, entries: list[Entry], cut: int
    ) -> tuple[StashBranch, dict[int, Page]]:
        """Return this branch with some of its records only, and the pages to be
        written before.

        :param entries: these, in order

        :param cut: what identifies the newest of the others

        """
        log, pages = self.log.with_items(map(tuple, entries))
        return replace(self, log=log, cut=max(self.cut, cut)), pages

    def with_floor(self, floor: int) -> StashBranch:
        """Return this branch with another :attr:`floor`."""
        return replace(self, floor=floor)

    def scan(self, find_page: Callable[[int], Page], within: Within) -> Iterator[Entry]:
        """Return records, the newest first.

        :param find_page: returns the page of a number

        :param within: which ones

        """
        for item in self.log.scan(find_page, within):
            yield Entry(*item)

    def describe(self, root: int, number: int, is_alive: bool) -> Branch:
        """Return what persisters know of it.

        :param root: the number of its family

        :param number: its own number

        :param is_alive: whether its application has not been deleted

        """
        return Branch(
            full(root, number),
            full(root, 0),
            None if self.parent is None else full(root, self.parent),
            None if self.last is None else full(root, self.last),
            self.app_id if is_alive else None,
            full(root, self.floor) if self.floor else 0,
        )

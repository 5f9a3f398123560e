"""Add records and branches to stashes."""

from __future__ import annotations

import time
from secrets import randbits
from typing import Any, Final

from .record import Branch, Draft, Record
from .records import ANY, Refused
from .stashbranch import Entry, StashBranch
from .stashfamilies import Place, StashFamilies
from .stashkeys import full, local_of, number_of
from .stashlog import Log, Within

__all__ = ["StashSaving"]

_ROOT_BITS: Final = 62


class StashSaving:
    """Adds records and branches.

    What others refer to is written before these, so that whoever is killed has added
    something or not.  As safe to use from threads and processes as the stash.

    """

    def __init__(self, families: StashFamilies) -> None:
        """
        :param families: reads and writes the entries

        """
        self._families = families

    def begin(self, partition_key: str | None, app_id: str) -> Place:
        """Make the first branch of a family, and its application.

        :param partition_key: the partition, whose lock the caller has

        :param app_id: the application, which there isn't yet

        """
        place = Place(1 + randbits(_ROOT_BITS), 0)
        branch = StashBranch(partition_key, app_id, None, None, 0, 0, 1, 0, Log())
        self._families.put_branch(place, branch, {})
        self._families.put_place(partition_key, app_id, place)
        return place

    def add(
        self, place: Place, branch: StashBranch, draft: Draft, expected: Any
    ) -> int | Record | Refused:
        """Add a record; see :meth:`.Records.add`.

        :param place: where the branch is of which family the caller has the lock

        :param branch: the branch

        :param draft: the record

        :param expected: the sequence number of the newest record, if it matters

        """
        families = self._families
        same_step = Within(branch.floor, None, draft.sequence_id)
        for entry in families.scan(place, branch, same_step):
            if entry.position == draft.position and entry.status == "completed":
                return families.find_record(place, branch, entry)
        if expected is not ANY and self._newest_number(place, branch) != expected:
            return Refused.MOVED
        if not all(families.has(place, branch, id_) for id_ in draft.stored.path):
            return Refused.LOST
        local = branch.next_local(place.number)
        path = tuple(map(local_of, draft.stored.path))
        stamp = max(time.time_ns(), branch.stamp + 1)
        changed, pages = branch.with_entry(Entry.of(draft, local, path, stamp))
        families.put_payload(place, local, (draft.stored.kind, draft.stored.payload))
        # From here on it is there.
        families.put_branch(place, changed, pages)
        return full(place.root, local)

    def _newest_number(self, place: Place, branch: StashBranch) -> int | None:
        entry = self._families.newest(place, branch, Within(branch.floor))
        if entry is None and branch.parent is not None and branch.last is not None:
            entry = self._find_entry(Place(place.root, branch.parent), branch.last)
        return None if entry is None else entry.sequence_id

    def _find_entry(self, place: Place, local: int) -> Entry | None:
        branch = self._families.find_branch(place)
        if branch is None:
            return None
        entries = self._families.scan(place, branch, Within(local, local))
        return next(entries, None)

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> Place | None:
        """Make an application whose past is that of another one, and return where it
        is, or None if that hasn't this past any more.

        :param partition_key: the partition, whose lock the caller has

        :param app_id: the application, which there isn't yet

        :param source: the branch of the other one, of which family the caller has the
                       lock

        :param record: the last one of the past

        """
        families = self._families
        origin = Place.of(source.id)
        there = families.find_branch(origin)
        if (
            there is None
            or there.floor != local_of(source.floor)
            or not families.is_alive(origin, there)
        ):
            return None
        owner, local = Place.of(record.branch), local_of(record.id)
        entry = self._find_entry(owner, local)
        if entry is None:
            return None
        family = families.find_family(origin.root)
        place = Place(origin.root, family.following)
        branch = StashBranch(
            *(partition_key, app_id, owner.number, local, there.floor, 0),
            *(number_of(local) + 1, entry.stamp, Log()),
        )
        families.put_branch(place, branch, {})
        families.put_family(
            place.root,
            family._replace(
                numbers=(*family.numbers, place.number), following=place.number + 1
            ),
        )
        # Under the family's lock, since a branch without an application is deleted.
        families.put_place(partition_key, app_id, place)
        return place

"""Records in stashes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from ..domain import Stash
from ..error import CorruptDataError, PersistableError
from .chain import Piece
from .record import Branch, Draft, Record, Span
from .records import ANY, Refused
from .stashapps import StashApps
from .stashbranch import StashBranch
from .stashfamilies import Place, StashFamilies
from .stashgarbage import discard
from .stashkeys import ABOUT, app_key, family_key, local_of, root_of
from .stashlog import Within
from .stashsaving import StashSaving

__all__ = ["StashRecords"]

VERSION: Final = 1
"""That of the layout."""


class StashRecords:
    """Keeps records in the entries of a stash; see :class:`.Records`.

    As safe to use from threads and processes as the stash and its locks.

    """

    def __init__(self, stash: Stash[Any], timeout: float) -> None:
        """
        :param stash: the stash

        :param timeout: how many seconds to wait for others that write

        """
        self._arguments = stash, timeout
        self._families = StashFamilies(stash, timeout)
        self._apps = StashApps(self._families)
        self._saving = StashSaving(self._families)
        self._is_set_up = False

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def is_set_up(self) -> bool:
        if not self._is_set_up:
            value = self._families.get(ABOUT)
            if value is not None:
                self._check(value)
                self._is_set_up = True
        return self._is_set_up

    def _check(self, value: Any) -> None:
        if type(value) is not tuple or [*map(type, value)] != [int]:
            raise PersistableError(
                f"What {self._families.name} has as {ABOUT!r} was made by another "
                f"program: keep states in another stash"
            )
        if value[0] > VERSION:
            raise PersistableError(
                f"The states in {self._families.name} have layout {value[0]}, of a "
                f"newer release than this one, which knows {VERSION}: upgrade"
            )

    def set_up(self) -> None:
        if not self.is_set_up():
            with self._families.lock(ABOUT):
                if not self.is_set_up():
                    self._families.stash.dump(ABOUT, (VERSION,))
            if not self.is_set_up():
                raise PersistableError(
                    f"{self._families.name} doesn't keep what is written to it: "
                    f"keep states in another stash"
                )

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Record | None:
        def use() -> Record | None:
            found = self._find_app(partition_key, app_id)
            if found is None:
                return None
            within = Within(found[1].floor, None, sequence_id)
            return self._newest_record(*found, within)

        return self._families.read(use)

    def _find_app(
        self, partition_key: str | None, app_id: str
    ) -> tuple[Place, StashBranch] | None:
        if not self.is_set_up():
            return None
        return self._families.find_app(partition_key, app_id)

    def _newest_record(
        self, place: Place, branch: StashBranch, within: Within
    ) -> Record | None:
        entry = self._families.newest(place, branch, within)
        return (
            None if entry is None else self._families.find_record(place, branch, entry)
        )

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> Record | None:
        def use() -> Record | None:
            found = None
            for span in sorted(spans, key=_end, reverse=True):
                if found is not None and found.id > _end(span):
                    break
                place, branch, within = self._find_span(span, sequence_id)
                if branch is not None:
                    record = self._newest_record(place, branch, within)
                    if found is None or (record is not None and record.id > found.id):
                        found = record
            return found

        return self._families.read(use)

    def _find_span(
        self, span: Span, sequence_id: int | None = None
    ) -> tuple[Place, StashBranch | None, Within]:
        place = Place.of(span.branch)
        last = None if span.last is None else local_of(span.last)
        within = Within(local_of(span.first), last, sequence_id)
        return place, self._families.find_branch(place), within

    def find_branch(self, partition_key: str | None, app_id: str) -> Branch | None:
        found = self._find_app(partition_key, app_id)
        if found is None:
            return None
        place, branch = found
        return branch.describe(*place, is_alive=True)

    def find_branches(self, root: int) -> list[Branch]:
        return self._apps.describe(root_of(root))

    def find_newest_app(self, partition_key: str | None) -> str | None:
        apps = self.list_apps(partition_key)
        return apps[0][1] if apps else None

    def find_pieces(self, ids: Sequence[int]) -> dict[int, Piece]:
        return self._families.find_pieces(ids)

    def list_apps(self, partition_key: Any) -> list[tuple[str | None, str]]:
        return self._apps.list_apps(partition_key) if self.is_set_up() else []

    def list_records(self, spans: Sequence[Span], hidden: bool) -> list[Record]:
        def use() -> list[Record]:
            records = []
            for span in spans:
                place, branch, within = self._find_span(span)
                if branch is None:
                    continue
                records += [
                    entry.record(place.root, span.branch, b"")
                    for entry in self._families.scan(place, branch, within)
                    if hidden or not entry.hidden
                ]
            return records

        records = self._families.read(use)
        records.sort(key=lambda record: record.id)
        return records

    def add(self, draft: Draft, expected: Any) -> int | Record | Refused:
        self.set_up()
        app = draft.partition_key, draft.app_id
        while True:
            place = self._families.find_place(*app) or self._apps.make(
                *app, lambda: self._saving.begin(*app)
            )
            if place is None:
                # Another one has made it.
                continue
            with self._families.lock(family_key(place.root)):
                if self._families.find_place(*app) != place:
                    # It has been deleted.
                    continue
                branch = self._families.find_branch(place)
                if branch is None:
                    raise CorruptDataError(
                        f"The list of states of application {draft.app_id!r} is gone "
                        f"from {self._families.name}: restore a backup"
                    )
                return self._saving.add(place, branch, draft, expected)

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> bool | Refused:
        self.set_up()
        refused = False

        def make_branch() -> Place | None:
            nonlocal refused
            with self._families.lock(family_key(root_of(source.id))):
                place = self._saving.fork(partition_key, app_id, source, record)
            refused = place is None
            return place

        made = self._apps.make(partition_key, app_id, make_branch)
        return Refused.LOST if refused else made is not None

    def set_floor(self, branch: int, floor: int) -> None:
        place = Place.of(branch)
        with self._families.lock(family_key(place.root)):
            there = self._families.find_branch(place)
            if there is not None and there.floor < local_of(floor):
                self._families.put_branch(place, there.with_floor(local_of(floor)), {})

    def release(self, branch: int, newest: Any) -> None:
        place = Place.of(branch)
        with self._families.lock(family_key(place.root)):
            there = self._families.find_branch(place)
            if there is None or not self._families.is_alive(place, there):
                return
            own = next(self._families.scan(place, there, Within()), None)
            if newest is not ANY and own is not None and own.local > local_of(newest):
                return
            self._families.delete([app_key(there.partition_key, there.app_id)])
        self._apps.clean(there.partition_key)

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> None:
        for root in {root_of(id_) for id_ in (*records, *branches, *hidden)}:
            with self._families.lock(family_key(root)):
                discard(self._families, self._apps.describe(root), root)

    def close(self) -> None:
        """Close the stash, if it can be closed."""
        if hasattr(self._families.stash, "close"):
            self._families.stash.close()


def _end(span: Span) -> float:
    return float("inf") if span.last is None else span.last

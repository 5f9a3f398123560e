"""Where a stash has applications, branches and records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar

from ..domain import Stash
from ..error import CorruptDataError, PersistableError
from ..missing import MISSING
from .chain import Piece
from .record import Record
from .stashbranch import Entry, StashBranch
from .stashkeys import (
    app_key,
    branch_key,
    family_key,
    full,
    local_of,
    owner_of,
    page_key,
    record_key,
    root_of,
)
from .stashlog import Page, Within

__all__ = ["Family", "Place", "StashFamilies"]

T = TypeVar("T")


class Place(NamedTuple):
    """Where a branch is."""

    root: int
    """The number of its family."""

    number: int
    """Its own number."""

    @classmethod
    def of(cls, branch: int) -> Place:
        """Return where a branch is.

        :param branch: what identifies it

        """
        return cls(root_of(branch), local_of(branch))


class Family(NamedTuple):
    """The branches that were forked off one in the beginning, and it."""

    numbers: tuple[int, ...] = (0,)
    """Their numbers."""

    following: int = 1
    """The number of the next one."""

    trash: tuple[str, ...] = ()
    """The keys of what nothing needs any more, or what was about to be written."""


class _Changed(Exception):  # noqa: N818  no error: it is read again
    """What was read has been changed meanwhile."""


class StashFamilies:
    """Reads and writes what persisters keep in a stash.

    Each entry is written as a whole, those that others refer to before these.  Who
    writes has the family's lock, who reads needs none.

    As safe to use from threads and processes as the stash.

    """

    def __init__(self, stash: Stash[Any], timeout: float) -> None:
        """
        :param stash: keeps the entries

        :param timeout: how many seconds to wait for a lock

        """
        self.stash = stash
        self._timeout = timeout

    @property
    def name(self) -> str:
        """What to call the stash in errors."""
        try:
            return str(self.stash.url)
        except PersistableError:
            return f"a {type(self.stash).__name__}"

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Return the lock of a key."""
        return self.stash.lock(key, self._timeout)

    def get(self, key: str) -> Any:
        """Return the value of a key, or None if there is none."""
        return self.stash.get(key)

    def read(self, use: Callable[[], T]) -> T:
        """Return what a function does that reads several entries, again if they were
        changed meanwhile.

        """
        while True:
            try:
                return use()
            except _Changed:
                continue

    def find_place(self, partition_key: str | None, app_id: str) -> Place | None:
        """Return where an application is."""
        value = self.stash.get(app_key(partition_key, app_id))
        return None if value is None else Place(*value[2:])

    def put_place(self, partition_key: str | None, app_id: str, place: Place) -> None:
        """Let an application be somewhere."""
        value = (partition_key, app_id, *place)
        self.stash.dump(app_key(partition_key, app_id), value)

    def find_branch(self, place: Place) -> StashBranch | None:
        """Return a branch."""
        value = self.stash.get(branch_key(*place))
        return None if value is None else StashBranch.of(value)

    def find_app(
        self, partition_key: str | None, app_id: str
    ) -> tuple[Place, StashBranch] | None:
        """Return where an application is, and its branch."""
        place = self.find_place(partition_key, app_id)
        branch = None if place is None else self.find_branch(place)
        return None if place is None or branch is None else (place, branch)

    def is_alive(self, place: Place, branch: StashBranch) -> bool:
        """Return whether the application of a branch has not been deleted."""
        return self.find_place(branch.partition_key, branch.app_id) == place

    def put_branch(
        self, place: Place, branch: StashBranch, pages: Mapping[int, Page]
    ) -> None:
        """Write a branch, and the pages of its list that are new."""
        key = branch_key(*place)
        self.put_pages(key, pages)
        self.stash.dump(key, branch.value)

    def put_pages(self, key: str, pages: Mapping[int, Page]) -> None:
        """Write the pages of a list that are new, most often none.

        :param key: the key of what has the list

        :param pages: the pages

        """
        if pages:
            self.stash.dump_many((page_key(key, n), page) for n, page in pages.items())

    def page_keys(self, place: Place, branch: StashBranch) -> set[str]:
        """Return the keys of the pages of a branch's list."""
        key = branch_key(*place)
        find_page = self._finder(place, branch)
        return {page_key(key, number) for number in branch.log.pages(find_page)}

    def scan(
        self, place: Place, branch: StashBranch, within: Within
    ) -> Iterator[Entry]:
        """Return the records of a branch, the newest first."""
        return branch.scan(self._finder(place, branch), within)

    def newest(self, place: Place, branch: StashBranch, within: Within) -> Entry | None:
        """Return the newest record of a branch."""
        return next(self.scan(place, branch, within), None)

    def has(self, place: Place, branch: StashBranch, id_: int) -> bool:
        """Return whether there is a record, hidden or not.

        :param place: where the branch is of the application that needs it

        :param branch: that branch

        :param id_: what identifies the record

        """
        local = local_of(id_)
        owner = Place(place.root, owner_of(local))
        there = branch if owner == place else self.find_branch(owner)
        if there is None or root_of(id_) != place.root:
            return False
        if there.cut < local < there.next_local(owner.number):
            return True
        return any(self.scan(owner, there, Within(local, local)))

    def _finder(self, place: Place, branch: StashBranch) -> Callable[[int], Page]:
        return self.page_finder(branch_key(*place), branch.value)

    def page_finder(self, key: str, value: Any) -> Callable[[int], Page]:
        """Return what finds the pages of a list.

        :param key: the key of what has the list

        :param value: what was read there

        """

        def find_page(number: int) -> Page:
            page: Page | None = self.stash.get(page_key(key, number))
            if page is None:
                if self.stash.get(key) != value:
                    raise _Changed
                raise CorruptDataError(
                    f"{page_key(key, number)!r} in {self.name}, a part of a list of "
                    f"states, is gone: restore a backup"
                )
            return page

        return find_page

    def find_record(self, place: Place, branch: StashBranch, entry: Entry) -> Record:
        """Return a record with its payload; if that is lost, one that shows that."""
        payload = self._find_payload(place, branch, entry)
        return entry.record(place.root, full(*place), payload)

    def _find_payload(self, place: Place, branch: StashBranch, entry: Entry) -> bytes:
        key = record_key(place.root, entry.local)
        try:
            value = self.stash.get(key)
        except CorruptDataError:
            return b""
        if value is None:
            if self.find_branch(place) != branch:
                raise _Changed
            return b""
        payload: bytes = value[1]
        return payload

    def put_payload(self, place: Place, local: int, piece: Piece) -> None:
        """Write what is stored of a state."""
        self.stash.dump(record_key(place.root, local), piece)

    def find_pieces(self, ids: Collection[int]) -> dict[int, Piece]:
        """Return what is stored of states, without those that are lost."""
        keys = {record_key(root_of(id_), local_of(id_)): id_ for id_ in ids}
        try:
            found = dict(self.stash.load_many(keys))
        except CorruptDataError:
            found = dict(self._readable(keys))
        return {keys[key]: (value[0], value[1]) for key, value in found.items()}

    def _readable(self, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        for key in keys:
            try:
                value = self.stash.get(key, MISSING)
            except CorruptDataError:
                continue
            if value is not MISSING:
                yield key, value

    def find_family(self, root: int) -> Family:
        """Return which branches a family has."""
        value = self.stash.get(family_key(root))
        return Family() if value is None else Family(*value)

    def put_family(self, root: int, family: Family) -> None:
        """Write which branches a family has."""
        key = family_key(root)
        if not family.numbers or family == Family():
            self.stash.delete(key)
        else:
            self.stash.dump(key, tuple(family))

    def find_branches(self, root: int) -> dict[Place, StashBranch]:
        """Return the branches of a family."""
        places = [Place(root, number) for number in self.find_family(root).numbers]
        keys = {branch_key(*place): place for place in places}
        return {
            keys[key]: StashBranch.of(value)
            for key, value in self.stash.load_many(keys)
        }

    def delete(self, keys: Iterable[str]) -> None:
        """Delete entries."""
        self.stash.delete_many(keys)

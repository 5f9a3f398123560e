"""The applications of a stash, by partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..domain import snapshot
from .record import Branch
from .records import ALL
from .stashbranch import StashBranch
from .stashfamilies import Place, StashFamilies
from .stashkeys import APPS, app_key, branch_key, page_key, partition_key_of
from .stashlog import Log, Page, Within

__all__ = ["StashApps"]


class _Names(NamedTuple):
    """What is kept of a partition."""

    added: int = 0
    """How many names have been added."""

    gone: int = 0
    """How many applications have been deleted since the list was made."""

    levels: tuple[Page, ...] = ()
    """See :class:`.Log`, as what follows."""

    made: int = 0

    @property
    def log(self) -> Log:
        return Log(self.levels, self.made)


class StashApps:
    """Makes, lists and deletes applications.

    As safe to use from threads and processes as the stash.

    """

    def __init__(self, families: StashFamilies) -> None:
        """
        :param families: reads and writes the entries

        """
        self._families = families

    def make(
        self,
        partition_key: str | None,
        app_id: str,
        make_branch: Callable[[], Place | None],
    ) -> Place | None:
        """Make an application, if there is none of this name.

        :param partition_key: its partition

        :param app_id: its name

        :param make_branch: makes a branch for it and, if that can be made, lets the
                            application be there and returns where

        :return: where that is, None if it wasn't made

        """
        key = partition_key_of(partition_key)
        with self._families.lock(key):
            if self._families.find_place(partition_key, app_id) is not None:
                return None
            # A name without an application is no harm.
            names = _Names(*self._families.get(key) or ())
            log, pages = names.log.with_item((names.added, 0, app_id))
            self._put(key, names._replace(added=names.added + 1), log, pages)
            return make_branch()

    def _put(self, key: str, names: _Names, log: Log, pages: dict[int, Page]) -> None:
        self._families.put_pages(key, pages)
        self._families.stash.dump(
            key, tuple(names._replace(levels=log.levels, made=log.made))
        )

    def clean(self, partition_key: str | None) -> None:
        """Forget the names of applications that have been deleted once there are
        more of them than others.  To be called after one has been.

        :param partition_key: the partition

        """
        families = self._families
        key = partition_key_of(partition_key)
        with families.lock(key):
            value = families.get(key)
            if value is None:
                return
            names = _Names(*value)
            names = names._replace(gone=names.gone + 1)
            if 2 * names.gone <= names.added:
                families.stash.dump(key, tuple(names))
                return
            find_page = families.page_finder(key, value)
            old = [page_key(key, number) for number in names.log.pages(find_page)]
            alive = [app_id for app_id, _ in self._find_places(partition_key)]
            if alive:
                items = ((n, 0, app_id) for n, app_id in enumerate(alive))
                log, pages = names.log.with_items(items)
                self._put(key, _Names(len(alive)), log, pages)
            else:
                families.delete([key])
            families.delete(old)

    def _names(self, partition_key: str | None) -> list[str]:
        key = partition_key_of(partition_key)
        value = self._families.get(key)
        if value is None:
            return []
        log = _Names(*value).log
        find_page = self._families.page_finder(key, value)
        items = log.scan(find_page, Within())
        # A name is there again for an application that was made again.
        return list(dict.fromkeys(app_id for _, _, app_id in items))

    def _find_places(self, partition_key: str | None) -> list[tuple[str, Place]]:
        names = self._families.read(lambda: self._names(partition_key))
        keys = (app_key(partition_key, name) for name in names)
        found = self._families.stash.load_many(keys)
        return [(value[1], Place(*value[2:])) for _, value in found]

    def _all_places(self) -> Iterator[tuple[str | None, str, Place]]:
        stash = self._families.stash
        keys = [key for key in snapshot(stash.keys()) if key.startswith(APPS)]
        for _, (partition, app_id, *place) in stash.load_many(keys):
            yield partition, app_id, Place(*place)

    def list_apps(self, partition_key: Any) -> list[tuple[str | None, str]]:
        """Return the partitions and names of applications, those with the newest
        records first.

        :param partition_key: the partition, or ``ALL``

        """
        if partition_key is ALL:
            apps = list(self._all_places())
        else:
            places = self._find_places(partition_key)
            apps = [(partition_key, app_id, place) for app_id, place in places]
        keys = {branch_key(*place): (p, a, place) for p, a, place in apps}
        found = []
        for key, value in self._families.stash.load_many(keys):
            partition, app_id, place = keys[key]
            branch = StashBranch.of(value)
            if not branch.is_empty:
                found.append((branch.stamp, place.number, partition, app_id))
        found.sort(key=lambda app: app[:2], reverse=True)
        return [(partition, app_id) for _, _, partition, app_id in found]

    def describe(self, root: int) -> list[Branch]:
        """Return the branches of a family."""
        branches = self._families.find_branches(root)
        return [
            branch.describe(*place, is_alive=self._families.is_alive(place, branch))
            for place, branch in branches.items()
        ]

"""Snapshots: what a stash had at one time, kept in any other stash."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ..domain import BatchGate, Stash, StashURL
from ..error import CorruptDataError, PersistableError
from .depot import OBJECT, Depot, digest_of
from .manifest import Catalog, now
from .pages import Link
from .place import place_of
from .source import Source
from .taking import Earlier, take
from .tree import Tree

if TYPE_CHECKING:
    from .snapshotstash import SnapshotStash

__all__ = [
    "GATE",
    "Progress",
    "Snapshot",
    "newest",
    "snapshot",
    "snapshots",
]

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called now and then with how many entries are done, and how many there are."""

GATE: Final = "depot"
"""The gate of a depot: many write at once, and only one who is alone deletes."""

_KIND: Final = "snapshot"
_TIMEOUT: Final = 300.0
"""Seconds to wait for those who write batches."""


@dataclass(frozen=True)
class Snapshot:
    """What a stash had at one time.

    Immutable, and safe to share between threads.

    >>> from zensols.persist import DictionaryStash
    >>> stash, backups = DictionaryStash({"a": [1, 2]}), DictionaryStash()
    >>> taken = snapshot(stash, backups)
    >>> stash.clear()
    >>> taken.count, dict(taken.as_stash())
    (1, {'a': [1, 2]})

    """

    id: str
    """Tells it from others; ids sort in the order in which snapshots were taken."""

    name: str
    """What the user calls the stash."""

    created: datetime
    """When it was taken, in UTC and as that machine's clock had it."""

    count: int
    """How many entries it has."""

    size: int
    """How many bytes those have."""

    written: int
    """How many bytes of keys and values this snapshot added to those before."""

    url: str | None
    """The stash's URL without its password, if it has one."""

    root: str
    """The digest of its content: two snapshots with the same one have the same
    entries.
    """

    depot: Depot = field(repr=False, compare=False)
    """Where it is kept."""

    level: int = field(repr=False, compare=False)
    """How many pages are above each entry, without that of the entry."""

    marks: str = field(repr=False, compare=False)
    """The digest of what tells the next snapshot what has changed."""

    stamp: str | None = field(repr=False, compare=False)
    """What tells it that nothing has, see :meth:`.EntryStore.store_stamp`."""

    @property
    def into(self) -> Stash[Any]:
        """The stash that it is kept in."""
        return self.depot.stash

    @property
    def tree(self) -> Tree:
        """Its items."""
        link = Link(b"", bytes.fromhex(self.root), self.level, self.count, self.size)
        return Tree(self.depot, link)

    def as_stash(self) -> SnapshotStash:
        """Return a read-only stash with what the snapshot has, which is read when it
        is asked for.

        """
        from .snapshotstash import SnapshotStash

        return SnapshotStash(self)


def snapshot(
    stash: Stash[Any],
    into: Stash[Any] | StashURL | str,
    *,
    name: str | None = None,
    progress: Progress | None = None,
    timeout: float | None = _TIMEOUT,
    full: bool = False,
) -> Snapshot:
    """Keep what a stash has now.  Others may write meanwhile: of what they write with
    :meth:`.Stash.dump_many`, or in a :meth:`.Stash.batch`, the snapshot has all or
    nothing.

    Only what is not there yet is added: values are kept by the digests of their
    bytes, each once, and so are pages of keys.  Entries are copied without being
    decoded, signatures included.  The snapshot is there as a whole once this
    returns; if it is killed before, what it has added is used by the next one.

    Any number of processes can do this at once.

    :param stash: what to keep

    :param into: where to keep it, together with other snapshots of the same or other
                 stashes; a stash or its URL

    :param name: what to call the stash; by default its URL, which has an absolute path
                 if it is a local one, or its class

    :param progress: is told how far this is

    :param timeout: how many seconds to wait for others to end their batches; None
                    waits as long as it takes

    :param full: whether to read all anew, and mend what is damaged in ``into``

    :raises LockTimeoutError: if a batch takes longer

    :raises PersistableError: if an entry can't be read or encoded, or ``into`` can't
                              be written

    >>> from zensols.persist import DictionaryStash
    >>> backups = DictionaryStash()
    >>> first = snapshot(DictionaryStash({"a": 1, "b": 2}), backups, name="numbers")
    >>> again = snapshot(DictionaryStash({"a": 1, "b": 2}), backups, name="numbers")
    >>> [s.count for s in snapshots(backups, "numbers")]
    [2, 2]

    """
    depot = Depot(into)
    depot.check = full
    url = place_of(stash)
    if depot.stash is stash or url in {place_of(depot.stash)} - {None, "memory:"}:
        raise PersistableError(
            f"{depot!r} can't keep snapshots of itself: give another stash"
        )
    name = name or url or type(stash).__name__
    catalog = Catalog(depot)
    with BatchGate(depot.stash, GATE).passing():
        earlier = None if full else _earlier(catalog, name)
        # From before, so that it isn't newer than what is read.
        stamp = _stamp(stash)
        with stash.frozen(timeout) as view:
            created = now()
            tell = progress or _ignore
            try:
                link, marks = take(Source(view), depot, earlier, stamp, tell)
            except CorruptDataError as e:
                if earlier is None:
                    raise
                logger.warning("Taking a snapshot from the beginning: %s", e)
                depot.check = True
                link, marks = take(Source(view), depot, None, None, tell)
        written = depot.written
        content = {
            "name": name,
            "created": created.isoformat(),
            "count": link.items,
            "size": link.size,
            "written": written,
            "url": url,
            "root": link.digest.hex(),
            "level": link.level,
            "marks": depot.add(OBJECT, marks).hex(),
            "stamp": stamp,
        }
        taken_id = catalog.new_id(_KIND, created)
        catalog.write(_KIND, taken_id, content)
    return _snapshot(depot, taken_id, content)


def _ignore(_done: int, _total: int) -> None:
    pass


def _stamp(stash: Stash[Any]) -> str | None:
    store = Source(stash).store
    stamp = None if store is None else store.store_stamp()
    return None if stamp is None else digest_of(stamp).hex()


def _earlier(catalog: Catalog, name: str) -> Earlier | None:
    for taken in _readable(catalog):
        if taken.name == name:
            try:
                marks = catalog.depot.read(OBJECT, bytes.fromhex(taken.marks))
            except CorruptDataError:
                continue
            return Earlier(taken.tree, marks, taken.stamp)
    return None


def _readable(catalog: Catalog) -> Iterator[Snapshot]:
    for taken_id, content in catalog.readable(_KIND):
        yield _snapshot(catalog.depot, taken_id, content)


def _snapshot(depot: Depot, taken_id: str, content: dict[str, Any]) -> Snapshot:
    fields = {k: v for k, v in content.items() if k not in ("format", "created")}
    created = datetime.fromisoformat(content["created"])
    return Snapshot(id=taken_id, created=created, depot=depot, **fields)


def snapshots(
    into: Stash[Any] | StashURL | str, name: str | None = None
) -> list[Snapshot]:
    """Return the snapshots that are kept in a stash, the newest first, whatever
    clocks said.  Those that are damaged are left out: :func:`.verify` names them.

    :param into: the stash, or its URL

    :param name: what their stash is called; by default, those of all

    :raises PersistableError: if the stash can't be read

    """
    found = _readable(Catalog(Depot(into)))
    return [taken for taken in found if name is None or taken.name == name]


def newest(into: Stash[Any] | StashURL | str, name: str | None = None) -> Snapshot:
    """Return the newest snapshot.

    :param into: the stash where it is kept, or its URL

    :param name: what its stash is called; by default, that of any

    :raises CorruptDataError: if it is damaged; the text names it and the newest good
                              one

    :raises PersistableError: if there is none

    """
    catalog = Catalog(Depot(into))
    good = snapshots(into, name)
    for taken_id in catalog.ids(_KIND):
        if good and taken_id == good[0].id:
            return good[0]
        try:
            content = catalog.read(_KIND, taken_id)
        except CorruptDataError as e:
            other = f"the newest good one is {good[0].id}" if good else "none is good"
            raise CorruptDataError(f"{e}; {other}") from e
        if name is None or content["name"] == name:
            return _snapshot(catalog.depot, taken_id, content)
    of = "" if name is None else f" of {name!r}"
    raise PersistableError(f"No snapshot{of} in {catalog.depot!r}: take one first")

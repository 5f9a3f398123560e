"""Restorations: what was changed by putting back a snapshot, and undoing it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from ..domain import BatchGate, Stash
from ..error import PersistableError
from .depot import Depot
from .differences import Change, change_of
from .manifest import Catalog, now
from .pages import Link
from .replacing import replace
from .snapshotting import GATE, Progress, Snapshot
from .tree import Tree, compare

__all__ = ["KIND", "Keys", "Restoration", "State", "trees"]

KIND: Final = "restoration"
"""What its documents are called."""

State = Literal["planned", "begun", "done", "undoing", "undone"]
"""How far it is: ``begun`` and ``undoing`` are what is going on, or was killed."""


class Keys(Collection[str]):
    """Keys that are found out each time they are iterated, so that there may be many.

    >>> keys = Keys(1, lambda: iter(["a"]))
    >>> len(keys), list(keys), "b" in keys
    (1, ['a'], False)

    """

    def __init__(self, count: int, find: Callable[[], Iterator[str]]) -> None:
        """
        :param count: how many there are

        :param find: returns them, in the order of their UTF-8 bytes

        """
        self._count = count
        self._find = find

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return self._find()

    def __contains__(self, key: object) -> bool:
        return any(key == found for found in self)

    def __repr__(self) -> str:
        return f"<{self._count} keys>"


@dataclass
class Restoration:
    """What putting back a snapshot has changed in a stash, or would change.

    Not safe to share between threads.

    """

    id: str | None
    """Tells it from others; None if it was only planned."""

    name: str
    """What the stash of the snapshot is called."""

    snapshot: str
    """The snapshot's id."""

    mode: str
    """Whether other keys were deleted, too: ``merge`` or ``replace``."""

    created: datetime
    """When it was begun, in UTC."""

    url: str | None
    """The URL of the stash, without its password, or None if it has none."""

    added: Keys
    """The keys that were not there before."""

    changed: Keys
    """The keys that had something else before."""

    removed: Keys
    """The keys that were deleted."""

    state: State
    """How far it is."""

    stash: Stash[Any] | None = field(default=None, repr=False, compare=False)
    """The stash, if it is known."""

    _depot: Depot | None = field(default=None, repr=False, compare=False)
    _content: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def planned(
        cls, snapshot: Snapshot, mode: str, keys: Callable[[Change], Keys]
    ) -> Restoration:
        """Return what would be done.

        :param snapshot: what would be put back

        :param mode: ``merge`` or ``replace``

        :param keys: returns the keys that would be added, and so on

        """
        return cls(
            None,
            snapshot.name,
            snapshot.id,
            mode,
            now(),
            None,
            keys("added"),
            keys("changed"),
            keys("removed"),
            "planned",
        )

    @classmethod
    def begin(
        cls,
        depot: Depot,
        stash: Stash[Any],
        content: dict[str, Any],
        before: Link,
        after: Link,
    ) -> Restoration:
        """Write down what is going to be done; nothing of that is done yet.

        :param depot: has what is overwritten, and what is put in its place

        :param stash: what is to be changed

        :param content: what to write down

        :param before: the topmost page of what is overwritten or deleted

        :param after: that of what is put in its place

        """
        content = {
            **content,
            "state": "begun",
            "before": _to_json(before),
            "after": _to_json(after),
        }
        catalog = Catalog(depot)
        created = datetime.fromisoformat(content["created"])
        restoration_id = catalog.new_id(KIND, created)
        catalog.write(KIND, restoration_id, content)
        return cls.of(depot, restoration_id, content, stash)

    @classmethod
    def of(
        cls,
        depot: Depot,
        restoration_id: str,
        content: dict[str, Any],
        stash: Stash[Any] | None,
    ) -> Restoration:
        """Return what was written down.

        :param depot: where it is

        :param restoration_id: its id

        :param content: what was written down

        :param stash: the stash, if it is known

        """
        before, after = trees(depot, content)

        def keys(kind: Change) -> Keys:
            def found() -> Iterator[str]:
                for old, new in compare(before, after):
                    key, change = change_of(old, new)
                    if change == kind:
                        yield key

            return Keys(content["counts"][kind], found)

        return cls(
            restoration_id,
            content["name"],
            content["snapshot"],
            content["mode"],
            datetime.fromisoformat(content["created"]),
            content["url"],
            keys("added"),
            keys("changed"),
            keys("removed"),
            content["state"],
            stash,
            depot,
            content,
        )

    @property
    def is_interrupted(self) -> bool:
        """Whether it has neither been done nor undone, as its process was killed,
        unless that is at it.

        """
        return self.state in ("begun", "undoing")

    def undo(self, progress: Progress | None = None) -> None:
        """Put back what was there before, also if this was done by half, or by
        another process.  Of the keys that were restored, what has been written since
        is lost.

        :param progress: is told how far this is

        :raises CorruptDataError: if what was there before is missing or damaged; the
                                  stash isn't changed then

        :raises PersistableError: if this was only planned, the stash is not known, or
                                  can't be written

        """
        self._run("undoing", "undone", progress)

    def finish(self, progress: Progress | None = None) -> None:
        """Do all of it, also if it was done by half, or undone.

        :param progress: is told how far this is

        :raises PersistableError: as :meth:`undo` does

        """
        self._run("begun", "done", progress)

    def _run(self, at_it: State, at_end: State, progress: Progress | None) -> None:
        depot, stash = self._depot, self.stash
        if depot is None or self.id is None:
            raise PersistableError(
                "This restoration was only planned: there is nothing to undo"
            )
        if stash is None:
            raise PersistableError(
                f"Which stash restoration {self.id} is of isn't known here: use "
                "undo(stash, into)"
            )
        before, after = trees(depot, self._content)
        if at_end == "undone":
            before, after = after, before
        with (
            BatchGate(depot.stash, GATE).passing(),
            stash.batch_gate().shut(),
        ):
            if self.state != at_it:
                self._set(at_it)
            replace(stash, depot, lambda: compare(before, after), progress)
            self._set(at_end)

    def _set(self, state: State) -> None:
        assert self._depot is not None  # noqa: S101  it was not only planned
        assert self.id is not None  # noqa: S101  likewise
        self._content["state"] = self.state = state
        Catalog(self._depot).write(KIND, self.id, self._content)


def trees(depot: Depot, content: dict[str, Any]) -> tuple[Tree, Tree]:
    """Return what was there before a restoration, and after it.

    :param depot: where it is

    :param content: what was written down

    """
    before, after = (
        Link(b"", bytes.fromhex(root), level, count, size)
        for root, level, count, size in (content["before"], content["after"])
    )
    return Tree(depot, before), Tree(depot, after)


def _to_json(link: Link) -> list[Any]:
    return [link.digest.hex(), link.level, link.items, link.size]

"""What the panel shows, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from ..domain import Stash, StashURL, open_stash
from ..error import PersistableError
from ..stash.wording import escape
from .stateview import App
from .trash import Deletion, Trash

if TYPE_CHECKING:
    from ..backup import Restoration, Snapshot
    from ..state import Persister

__all__ = ["Panel", "Place", "ReadOnlyError"]

T = TypeVar("T")


class ReadOnlyError(PersistableError):
    """Raised where something is to be changed in a panel that only shows."""


@dataclass(frozen=True)
class Place(Generic[T]):
    """What a URL names.

    >>> Place(0, "dir:cache", None).name
    'dir:cache'

    """

    number: int
    """Its place among the others of its kind."""

    url: str
    """The URL, without passwords."""

    content: T
    """What is there."""

    @property
    def name(self) -> str:
        """The URL, printable."""
        return escape(self.url)


@dataclass(frozen=True)
class Panel:
    """The stores, states and backups that a panel shows.

    Safe to use from many threads.

    >>> panel = Panel.open(["memory:?codec=json"])
    >>> panel.stores[0].name, panel.write
    ('memory:?codec=json', False)

    """

    stores: tuple[Place[Stash[Any]], ...] = ()
    """The stores."""

    states: tuple[Place[Persister], ...] = ()
    """The databases with applications' states."""

    backups: tuple[Place[Stash[Any]], ...] = ()
    """Where snapshots are kept."""

    write: bool = False
    """Whether anything may be changed."""

    trash: Trash = field(default_factory=Trash)
    """What was deleted."""

    forks: dict[tuple[int, App], int] = field(default_factory=dict)
    """The applications made here: their databases, names and last steps."""

    @classmethod
    def open(
        cls,
        stores: Sequence[str] = (),
        states: Sequence[str] = (),
        backups: Sequence[str] = (),
        *,
        write: bool = False,
    ) -> Panel:
        """Return a panel of what URLs name.  Nothing is connected to before it is shown.

        :param stores: the URLs of stores, as for :func:`.open_stash`

        :param states: those of applications' states, as for :func:`.open_persister`

        :param backups: those of stashes with snapshots

        :param write: whether anything may be changed

        :raises PersistableError: if a URL is wrong, or a package is missing for it

        """
        return cls(
            _open(stores, open_stash),
            _open(states, _open_persister),
            _open(backups, open_stash),
            write,
        )

    def require_write(self) -> None:
        """
        :raises ReadOnlyError: if nothing may be changed

        """
        if not self.write:
            raise ReadOnlyError(
                "The panel only shows: start it with --write to change anything"
            )

    def delete(self, number: int, keys: Sequence[str]) -> Deletion:
        """Delete keys of a store, and return what it takes to get them back.

        :param number: the store

        :param keys: the keys

        :raises ReadOnlyError: if nothing may be changed

        :raises PersistableError: if that could not be undone, or fails

        """
        self.require_write()
        return self.trash.delete(self.stores[number].content, keys)

    def undelete(self, deletion: Deletion) -> list[str]:
        """Get back what was deleted, and return its keys.

        :param deletion: what was deleted

        :raises ReadOnlyError: if nothing may be changed

        :raises PersistableError: if it can't be got back

        """
        self.require_write()
        return self.trash.undo(deletion)

    def fork(self, number: int, app: App, step: int, name: str) -> None:
        """Make an application that has the past of another one.

        :param number: the database

        :param app: the other one

        :param step: the last step of that past

        :param name: the name of the new one

        :raises ReadOnlyError: if nothing may be changed

        :raises PersistableError: if there is no such step, or the new one exists

        """
        self.require_write()
        self.states[number].content.fork(app.partition, app.name, step, name)
        self.forks[number, App(app.partition, name)] = step

    def unfork(self, number: int, app: App) -> None:
        """Delete an application that this panel has made, if it has not gone on.

        :param number: the database

        :param app: the application

        :raises ReadOnlyError: if nothing may be changed

        :raises PersistableError: if it has gone on since, or was not made here

        """
        self.require_write()
        step = self.forks.get((number, app))
        persister = self.states[number].content
        steps = persister.history(app.partition, app.name)
        if step is None or (steps and steps[-1].sequence_id != step):
            raise PersistableError(f"{app} has gone on since: use stash state rm")
        persister.delete(app.partition, app.name)
        del self.forks[number, app]

    def store_of(self, url: str | None) -> int | None:
        """Return the number of the store that a URL names, or None if there is no such.

        :param url: the URL, as a snapshot has it

        """
        from ..backup.place import place_of

        same = (p.number for p in self.stores if place_of(p.content) == url)
        return None if url is None else next(same, None)

    def take(self, number: int, store: int) -> Snapshot:
        """Take a snapshot of a store.

        :param number: where to keep it

        :param store: the store

        :raises ReadOnlyError: if nothing may be changed

        :raises PersistableError: if it can't be taken

        """
        self.require_write()
        from ..backup import snapshot

        return snapshot(self.stores[store].content, self.backups[number].content)

    def restore(
        self,
        number: int,
        taken: Snapshot,
        store: int,
        mode: Literal["merge", "replace"],
        *,
        dry_run: bool = False,
    ) -> Restoration:
        """Put a snapshot back into a store.

        :param number: where the snapshot is

        :param taken: the snapshot

        :param store: the store

        :param mode: whether to delete other keys

        :param dry_run: whether to change nothing

        :raises ReadOnlyError: if nothing may be changed

        :raises PersistableError: if that can't be done

        """
        self.require_write()
        from ..backup import restore

        stash = self.stores[store].content
        return restore(taken, stash, mode=mode, dry_run=dry_run)

    def undo(self, done: Restoration) -> None:
        """Undo putting back a snapshot.

        :param done: what was done

        :raises ReadOnlyError: if nothing may be changed

        :raises PersistableError: if the store is none of the panel's, or can't be
                                  written

        """
        self.require_write()
        if done.stash is None:
            number = self.store_of(done.url)
            done.stash = None if number is None else self.stores[number].content
        done.undo()


def _open(urls: Sequence[str], opener: Callable[[StashURL], T]) -> tuple[Place[T], ...]:
    parsed = [StashURL.parse(url) for url in urls]
    return tuple(Place(n, str(url), opener(url)) for n, url in enumerate(parsed))


def _open_persister(url: StashURL) -> Persister:
    from ..state import open_persister

    return open_persister(url)

"""What the panel shows of applications' states, none of which is turned into
instances of the user's classes.

"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..codec.tagged import Tagger
from ..error import ClassNotFoundError, PersistableError
from ..stash.wording import escape, size_text
from ..state.diff import find_differences
from .change import Change, changes_of
from .tree import Node, as_tree

if TYPE_CHECKING:
    from ..state import HistoryItem, Persister

__all__ = ["App", "Step", "compare", "list_apps", "list_steps", "show_state"]

MOST: Final = 1000
"""How many applications and steps are listed."""

LARGEST: Final = 2 << 20
"""Up to how many bytes of a state are read."""


class App(NamedTuple):
    """An application."""

    partition: str | None
    """The partition that it belongs to."""

    name: str
    """Its name."""

    def __str__(self) -> str:
        shown = escape(self.name)
        return (
            shown if self.partition is None else f"{escape(self.partition)} / {shown}"
        )


@dataclass(frozen=True)
class Step:
    """A step of an application, printable."""

    number: int
    """Which one it is."""

    position: str
    """What it was."""

    has_failed: bool
    """Whether it did not succeed."""

    when: str
    """When its state was saved."""

    size: str
    """How large that is."""

    def __str__(self) -> str:
        return f"{self.number}: {self.position}"


def list_apps(persister: Persister) -> list[App]:
    """Return the applications, the one saved last first, 1,000 at most.

    :param persister: the database

    :raises PersistableError: if it can't be read

    """
    return [App(*app) for app in persister.exchange().list_apps()[:MOST]]


def list_steps(persister: Persister, app: App) -> list[Step]:
    """Return the steps of an application, the last one first, 1,000 at most.

    :param persister: the database

    :param app: the application

    :raises PersistableError: if it can't be read

    """
    items = persister.history(app.partition, app.name)
    return [_step(item) for item in items[: -MOST - 1 : -1]]


def _step(item: HistoryItem) -> Step:
    when = datetime.fromisoformat(item.created_at).strftime("%Y-%m-%d %H:%M:%S")
    has_failed = item.status != "completed"
    return Step(
        item.sequence_id, escape(item.position), has_failed, when, size_text(item.size)
    )


def show_state(persister: Persister, app: App, number: int) -> list[Node]:
    """Return a state as a tree.

    :param persister: the database

    :param app: the application

    :param number: after which step

    :raises PersistableError: if it can't be read, or is too large

    >>> from zensols.persist.state import InMemoryPersister
    >>> persister = InMemoryPersister()
    >>> persister.save(None, "chat", 1, "ask", {"text": "hi"}, "completed")
    >>> [root] = show_state(persister, App(None, "chat"), 1)
    >>> root["children"][0]["label"]
    'text: “hi”'

    """
    return as_tree(_plain(persister, app, number))


def compare(persister: Persister, app: App, before: int, after: int) -> list[Change]:
    """Return what differs between two states of an application.

    :param persister: the database

    :param app: the application

    :param before: after which step the one is

    :param after: after which step the other is

    :raises PersistableError: if one can't be read, or is too large

    """
    states = (_plain(persister, app, number) for number in (before, after))
    return changes_of(find_differences(*states))


def _plain(persister: Persister, app: App, number: int) -> Any:
    found = persister.exchange().find(app.partition, app.name, number)
    if found is None:
        raise PersistableError(
            f"{app} has no step {number} any more: load the page anew"
        )
    if len(found.data) > LARGEST:
        raise PersistableError(
            f"States of more than {size_text(LARGEST)} are not shown: use stash state get"
        )
    source = f"step {number} of {app}"
    try:
        return Tagger().decode(found.data, source)
    except ClassNotFoundError:
        # Instances of classes that are not here are still data.
        return Tagger.parse(found.data, source)

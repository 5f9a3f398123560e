"""What the panel shows of snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ..domain import Stash
from ..stash.wording import escape, size_text
from .change import Change

if TYPE_CHECKING:
    from ..backup import Restoration, Snapshot

__all__ = [
    "Comparison",
    "compare",
    "list_restorations",
    "list_snapshots",
    "restoration_text",
    "snapshot_text",
    "time_text",
]

MOST: Final = 500
"""How many snapshots and changes are listed."""


@dataclass(frozen=True)
class Comparison:
    """What has to be done to get one thing from another."""

    changes: list[Change]
    """The first changes."""

    is_part: bool
    """Whether there are more."""


def list_snapshots(into: Stash[Any]) -> list[Snapshot]:
    """Return the snapshots in a stash, newest first, 500 at most.

    :param into: the stash

    :raises PersistableError: if it can't be read

    """
    from ..backup import snapshots

    return snapshots(into)[:MOST]


def list_restorations(into: Stash[Any]) -> list[Restoration]:
    """Return what was restored and can be undone, newest first, 20 at most.

    :param into: where the snapshots are

    :raises PersistableError: if it can't be read

    """
    from ..backup import restorations

    found = restorations(into)
    return [each for each in found if each.state not in ("planned", "undone")][:20]


def compare(a: Snapshot | Stash[Any], b: Snapshot | Stash[Any]) -> Comparison:
    """Return which keys were added, changed and removed, 500 at most.

    :param a: a snapshot, or a store as it is now

    :param b: another

    :raises PersistableError: if one can't be read

    >>> from zensols.persist import DictionaryStash
    >>> found = compare(DictionaryStash({"a": 1, "b": 2}), DictionaryStash({"b": 3}))
    >>> [str(change) for change in found.changes]
    ['− a', '~ b']

    """
    from ..backup import diff

    found = diff(a, b)
    changes = [Change(kind, escape(key)) for key, kind in islice(found, MOST)]
    return Comparison(changes, next(found, None) is not None)


def time_text(when: datetime) -> str:
    """Return a time for people.

    :param when: the time

    >>> from datetime import UTC
    >>> time_text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02 03:04:05 UTC'

    """
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def snapshot_text(taken: Snapshot) -> str:
    """Return what is known of a snapshot, printable.

    :param taken: the snapshot

    """
    entries = "1 entry" if taken.count == 1 else f"{taken.count:,} entries"
    return f"{entries}, {size_text(taken.size)}; {size_text(taken.written)} added"


def restoration_text(done: Restoration) -> str:
    """Return what a restoration changes, printable.

    :param done: the restoration

    """
    counts = (
        (len(done.added), "added"),
        (len(done.changed), "changed"),
        (len(done.removed), "removed"),
    )
    return ", ".join(f"{n:,} {what}" for n, what in counts if n) or "nothing"

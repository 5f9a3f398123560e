"""The snapshots that a user names, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from ..domain import Stash, StashURL
from ..stash.wording import escape, size_text
from .exits import ExitCode, UsageError, complain
from .output import Column

if TYPE_CHECKING:
    from ..backup import Restoration, Snapshot

__all__ = [
    "SNAPSHOT",
    "absent",
    "all_ids",
    "changes_text",
    "damaged_ids",
    "find",
    "matching_id",
    "row_of",
    "shown",
    "time_text",
]

LATEST: Final = "latest"

_SOME: Final = 5


def time_text(created: str) -> str:
    """Return a time in ISO's format as people read it.

    :param created: the time

    >>> time_text("2026-01-02T03:04:05.000006+00:00")
    '2026-01-02 03:04:05'

    """
    return created[:19].replace("T", " ")


SNAPSHOT: Final = (
    Column("id"),
    Column("name"),
    Column("created", time_text),
    Column("entries", right=True),
    Column("size", size_text, right=True),
    Column("added", size_text, right=True),
)
"""What is shown of a snapshot."""


def row_of(taken: Snapshot) -> dict[str, Any]:
    """Return what is known of a snapshot, ready for JSON.

    :param taken: the snapshot

    """
    return {
        "id": taken.id,
        "name": taken.name,
        "created": taken.created.isoformat(),
        "entries": taken.count,
        "size": taken.size,
        "added": taken.written,
    }


def shown(url: str) -> str:
    """Return a URL as it may be printed.

    :param url: the URL

    >>> shown("redis://ann:secret@host/0")
    'redis://ann:***@host/0'

    """
    return escape(str(StashURL.parse(url)))


def damaged_ids(into: Stash[Any], good: Iterable[Snapshot]) -> list[str]:
    """Return the ids of the snapshots of which not even the description can be read,
    the newest first.

    :param into: where they are

    :param good: those that can be read

    """
    readable = {taken.id for taken in good}
    return [i for i in all_ids(into) if i not in readable]


def all_ids(into: Stash[Any]) -> list[str]:
    """Return the ids of all snapshots, be they damaged or not, the newest first.

    :param into: where they are

    """
    from ..backup.depot import Depot
    from ..backup.manifest import Catalog

    return Catalog(Depot(into)).ids("snapshot")


def matching_id(ids: Iterable[str], wanted: str) -> str | None:
    """Return the id that a user means, or None if there is none.

    :param ids: the ids

    :param wanted: the id or the beginning of it

    :raises UsageError: if more than one may be meant

    >>> matching_id(["00000001-a", "00000002-b"], "00000002")
    '00000002-b'

    """
    found = [i for i in ids if wanted and i.startswith(wanted)]
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} snapshots begin with '{escape(wanted)}': give more of the id"
        )
    return found[0] if found else None


def find(into: Stash[Any], wanted: str, name: str | None = None) -> Snapshot | None:
    """Return the snapshot that a user means, or None if there is none.

    :param into: where it is

    :param wanted: its id or the beginning of it, or ``latest``

    :param name: what its store is called

    :raises UsageError: if more than one may be meant

    :raises CorruptDataError: if it is damaged

    >>> from zensols.persist import DictionaryStash
    >>> from zensols.persist.backup import snapshot
    >>> backups = DictionaryStash()
    >>> taken = snapshot(DictionaryStash({"a": 1}), backups)
    >>> find(backups, "latest").id == find(backups, taken.id[:8]).id
    True

    """
    from ..backup import newest, snapshots
    from ..backup.depot import Depot
    from ..backup.manifest import Catalog

    found = snapshots(into, name)
    if wanted == LATEST:
        names = dict.fromkeys(taken.name for taken in found)
        if len(names) > 1:
            text = ", ".join(map(escape, islice(names, _SOME)))
            raise UsageError(
                f"There are snapshots of {len(names)} stores ({text}): give --name"
            )
        damaged = damaged_ids(into, snapshots(into) if name else found)
        return newest(into, name) if found or damaged else None
    by_id = {taken.id: taken for taken in found}
    good = matching_id(by_id, wanted)
    if good is not None:
        return by_id[good]
    other = matching_id(all_ids(into), wanted)
    if other is not None:
        # It is damaged, and this says how, or has another name.
        Catalog(Depot(into)).read("snapshot", other)
    return None


def absent(url: str, wanted: str, name: str | None) -> ExitCode:
    """Say that there is no such snapshot, and return the exit code.

    :param url: where it should be

    :param wanted: the id

    :param name: what its store is called

    """
    which = "" if wanted == LATEST else f": {escape(wanted)}"
    of = "" if name is None else f" of {escape(name)}"
    complain(f"No such snapshot in {shown(url)}{of}{which} (see stash backup ls)")
    return ExitCode.FINDINGS


def changes_text(restoration: Restoration) -> str:
    """Return what is or would be changed by putting back a snapshot.

    :param restoration: what that is

    """
    return ", ".join(
        f"{len(keys):,} {what}"
        + (f" ({_some(keys)})" if keys and not restoration.id else "")
        for keys, what in (
            (restoration.added, "added"),
            (restoration.changed, "changed"),
            (restoration.removed, "removed"),
        )
    )


def _some(keys: Any) -> str:
    text = ", ".join(map(escape, islice(keys, _SOME)))
    return f"{text}, …" if len(keys) > _SOME else text

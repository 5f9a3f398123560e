"""Finding what was restored, to undo it."""

from __future__ import annotations

from typing import Any

from ..domain import Stash, StashURL
from ..error import PersistableError
from .depot import Depot
from .manifest import Catalog
from .place import place_of
from .restoration import KIND, Restoration
from .snapshotting import Progress

__all__ = ["restorations", "undo"]


def restorations(
    into: Stash[Any] | StashURL | str, stash: Stash[Any] | None = None
) -> list[Restoration]:
    """Return the restorations that can be undone, or done again if they were, the
    newest first.

    :param into: where the snapshots are kept, or its URL

    :param stash: only those of this stash, which is needed to undo them; by default
                  those of all

    """
    depot = Depot(into)
    found = Catalog(depot).readable(KIND)
    return [
        Restoration.of(depot, restoration_id, content, stash)
        for restoration_id, content in found
        if stash is None or _is_of(content, stash)
    ]


def _is_of(content: dict[str, Any], stash: Stash[Any]) -> bool:
    found = content["url"], content["type"]
    return found == (place_of(stash), type(stash).__name__)


def undo(
    stash: Stash[Any],
    into: Stash[Any] | StashURL | str,
    *,
    progress: Progress | None = None,
) -> Restoration:
    """Undo what was restored to a stash last and isn't undone yet, by whichever
    process, and be it that this was killed before it was done.

    :param stash: what was restored to

    :param into: where the snapshots are kept, or its URL

    :param progress: is told how far this is

    :return: what was undone

    :raises PersistableError: if there is nothing to undo, or as
                              :meth:`Restoration.undo` does

    """
    for restoration in restorations(into, stash):
        if restoration.state != "undone":
            restoration.undo(progress)
            return restoration
    raise PersistableError(
        f"Nothing to undo in {place_of(stash) or type(stash).__name__}: no snapshot of "
        f"{Depot(into)!r} was restored to it, or all that were are undone"
    )

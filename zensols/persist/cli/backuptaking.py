"""The command ``stash backup now``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..domain import Stash
from ..error import CorruptDataError
from ..stash.wording import escape, size_text
from .backupoptions import Into, NewName, Store
from .backupstores import row_of
from .exits import ExitCode
from .options import Json
from .output import print_json
from .progress import Bar
from .stores import is_there, open_store, require_two

if TYPE_CHECKING:
    from ..backup import Snapshot

__all__ = ["is_same", "name_of", "now", "print_taken"]


def now(
    store: Store,
    into: Into,
    name: NewName = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Read all anew, and mend what is damaged in INTO."),
    ] = False,
    as_json: Json = False,
) -> int:
    r"""Keep what a store has now, in another store.

    Others may write meanwhile. Only what INTO doesn't have yet is added, and a snapshot
    that was interrupted goes on when it is repeated. Entries are not decoded.

    \b
    Examples:
      stash backup now dir:cache dir:backups
      stash backup now sqlite:cache.db s3://bucket/backups --name cache
      stash backup now lmdb:cache.lmdb dir:backups --json | jq -r .id
    """
    from ..backup import snapshot, snapshots

    stash, target = open_store(store), open_store(into)
    require_two(stash, target, "STORE and INTO")
    if not is_there(stash):
        # An empty snapshot of what is misspelt would soon be the only one that is kept.
        return ExitCode.FINDINGS
    name = name or name_of(stash)
    before = next(iter(snapshots(target, name)), None)
    with Bar("Backing up", lambda: None) as bar:
        taken = snapshot(stash, target, name=name, progress=bar.tell, full=full)
    print_taken(taken, before is not None and is_same(before, taken), as_json)
    return ExitCode.OK


def name_of(stash: Stash[Any]) -> str:
    """Return what a store is called if the user doesn't say so.

    :param stash: the store

    """
    from ..backup.place import place_of

    return place_of(stash) or type(stash).__name__


def is_same(before: Snapshot, taken: Snapshot) -> bool:
    """Return whether two snapshots have the same values, whenever these were written.

    :param before: one

    :param taken: the other one

    """
    from ..backup import diff

    try:
        return next(diff(before, taken), None) is None
    except CorruptDataError:
        return False


def print_taken(taken: Snapshot, unchanged: bool, as_json: bool) -> None:
    """Print what came of a snapshot.

    :param taken: the snapshot

    :param unchanged: whether it has the same as the one before

    :param as_json: whether to print JSON

    """
    if as_json:
        print_json({**row_of(taken), "unchanged": unchanged})
    else:
        sys.stdout.write(
            f"{taken.id}: {taken.count:,} entries of {escape(taken.name)}, "
            + ("unchanged\n" if unchanged else f"{size_text(taken.written)} new\n")
        )
    sys.stdout.flush()

"""The command ``stash backup prune``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..domain import Stash
from .backupoptions import (
    Daily,
    Into,
    Keep,
    Monthly,
    Name,
    OlderThan,
    Weekly,
    keeping,
)
from .backupstores import SNAPSHOT, absent, all_ids, matching_id, row_of, shown
from .exits import ExitCode, UsageError, complain
from .options import Json, Yes, confirm
from .output import print_rows
from .stores import is_there, open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..backup import Pruned

__all__ = ["prune"]


def prune(
    into: Into,
    keep: Keep = None,
    daily: Daily = None,
    weekly: Weekly = None,
    monthly: Monthly = None,
    older_than: OlderThan = None,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            metavar="ID",
            help="Delete this one, be it damaged or the last good one; may be given "
            "again.",
            show_default=False,
        ),
    ] = None,
    name: Name = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be deleted.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    r"""Delete old snapshots and what only they need, after asking.

    They are listed. The newest good one of each name always stays, unless --id names it.
    Days are those of UTC. What killed commands have left over is deleted, too.

    \b
    Examples:
      stash backup prune dir:backups --keep 10 --dry-run
      stash backup prune dir:backups --daily 7 --weekly 4 --monthly 12
      stash backup prune s3://bucket/backups --name cache --older-than 30d --yes
      stash backup prune dir:backups --id 00000012
    """
    from ..backup import prune as delete
    from ..backup import snapshots

    rule = keeping(keep, daily, weekly, monthly, older_than)
    if (rule is None) is not bool(ids):
        raise UsageError(
            "Give one of --keep, --older-than and --id, or any of --daily, --weekly "
            "and --monthly"
        )
    if ids and name is not None:
        raise UsageError("Give either --name or --id")
    stash = open_store(into)
    if not is_there(stash):
        return ExitCode.OK
    rows = {one.id: row_of(one) for one in snapshots(stash)}
    act: Callable[..., Pruned]
    if rule is None:
        chosen = _resolve(stash, ids or [], into)
        if chosen is None:
            return ExitCode.FINDINGS
        act = partial(_forget, stash, chosen)
    else:
        act = partial(delete, stash, rule(datetime.now(UTC)), name=name)
    pruned = act(dry_run=True)
    if (pruned.snapshots or pruned.unneeded) and not dry_run:
        what = (
            f"{len(pruned.snapshots):,} snapshots in {shown(into)}, and what nothing "
            "else needs"
        )
        if not confirm(f"Delete {what}?", yes):
            complain("Nothing is deleted")
            return ExitCode.FINDINGS
        pruned = act(dry_run=False)
    gone = [rows.get(i, {"id": i}) for i in reversed(pruned.snapshots)]
    print_rows(gone, SNAPSHOT, as_json)
    if not as_json:
        sys.stdout.flush()
        sys.stderr.write(
            f"{len(gone):,} snapshots and {pruned.unneeded:,} pages and values "
            f"{'would be ' if dry_run else ''}deleted\n"
        )
    return ExitCode.OK


def _resolve(stash: Stash[Any], wanted: list[str], url: str) -> list[str] | None:
    known = all_ids(stash)
    found = [matching_id(known, one) for one in wanted]
    for one, snapshot_id in zip(wanted, found, strict=True):
        if snapshot_id is None:
            absent(url, one, None)
    return None if None in found else sorted({one for one in found if one})


def _forget(stash: Stash[Any], ids: list[str], *, dry_run: bool) -> Pruned:
    from ..backup import Pruned, prune
    from ..backup.depot import Depot
    from ..backup.manifest import Catalog
    from ..backup.retention import Since

    if dry_run:
        return Pruned(ids, 0)
    Catalog(Depot(stash)).forget("snapshot", ids)
    everything = Since(datetime.min.replace(tzinfo=UTC))
    return Pruned(ids, prune(stash, everything).unneeded)

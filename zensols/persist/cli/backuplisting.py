"""The commands ``stash backup ls`` and ``show``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from ..domain import Stash
from ..stash.wording import escape, size_text
from .backupfiles import file_rows
from .backupoptions import Into, Name
from .backupstores import SNAPSHOT, absent, damaged_ids, find, row_of, time_text
from .exits import ExitCode
from .listing import Match, Sort, print_entries
from .options import Json
from .output import Column, print_json, print_rows
from .stores import open_existing

__all__ = ["ls", "show"]

_COLUMNS: Final = (*SNAPSHOT, Column("state"))


def ls(into: Into, name: Name = None, as_json: Json = False) -> int:
    r"""List snapshots, the newest first.

    What is shown is when each was taken (in UTC), how many entries it has, their size,
    and how much of that it added to what was there. The state of one whose description is
    damaged is corrupt; verify checks the rest. If INTO is a folder in which
    PersistenceHandler or BackupSchedule keep their files, these are listed, too, and
    checked.

    \b
    Examples:
      stash backup ls dir:backups
      stash backup ls s3://bucket/backups --name cache --json | jq -r .id
    """
    bad = 0

    def watched() -> Iterator[dict[str, Any]]:
        nonlocal bad
        for row in _rows(open_existing(into), name):
            bad += row["state"] == "corrupt"
            yield row

    print_rows(watched(), _COLUMNS, as_json)
    return ExitCode.FINDINGS if bad else ExitCode.OK


def _rows(stash: Stash[Any], name: str | None) -> Iterator[dict[str, Any]]:
    from ..backup import snapshots

    found = snapshots(stash)
    rows = [{**row_of(taken), "state": None} for taken in found]
    rows += [
        {column.name: None for column in _COLUMNS} | {"id": i, "state": "corrupt"}
        for i in damaged_ids(stash, found)
    ]
    # They are numbered in the order in which they were taken, whatever clocks said.
    rows.sort(key=lambda row: str(row["id"]), reverse=True)
    for row in (*rows, *file_rows(stash)):
        # Whose a damaged one is isn't known.
        if name in (None, row["name"]) or row["name"] is None:
            yield row


def show(
    into: Into,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="[ID]",
            help="The snapshot: its id or the beginning of it, or latest.",
        ),
    ] = "latest",
    name: Name = None,
    match: Match = "*",
    sort: Sort = None,
    as_json: Json = False,
) -> int:
    r"""List the keys of a snapshot, with what is known of their entries, as stash ls
    does.

    Nothing is decoded.

    \b
    Examples:
      stash backup show dir:backups
      stash backup show dir:backups 00000012 --match 'user-*' --sort size
    """
    taken = find(open_existing(into), wanted, name)
    if taken is None:
        return absent(into, wanted, name)
    code = print_entries(taken.as_stash(), match, sort, as_json)
    if as_json:
        print_json(row_of(taken))
    else:
        sys.stdout.flush()
        sys.stderr.write(
            f"{taken.id}: {taken.count:,} entries of {escape(taken.name)}, "
            f"{size_text(taken.size)}, {time_text(taken.created.isoformat())} UTC\n"
        )
    return code

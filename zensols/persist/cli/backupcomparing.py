"""The command ``stash backup diff``."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from .backupoptions import Id, Into, Name
from .backupstores import absent, find
from .exits import ExitCode
from .options import Json
from .output import Column, print_rows
from .stores import open_existing

__all__ = ["CHANGE", "diff"]

CHANGE: Final = (Column("change"), Column("key"))
"""What is shown of a key that differs."""


def diff(
    into: Into,
    a: Id,
    b: Annotated[
        str,
        typer.Argument(
            metavar="B",
            help="Another snapshot, or the URL of a store as it is now.",
            show_default=False,
        ),
    ],
    name: Name = None,
    as_json: Json = False,
) -> int:
    r"""Print which keys were added, changed or removed from one snapshot to another, or
    since.

    Values are compared as they are stored, and none is decoded.

    \b
    Examples:
      stash backup diff dir:backups 00000011 00000012
      stash backup diff dir:backups latest dir:cache --json | jq -r .key
    """
    from ..backup import diff as differences

    stash = open_existing(into)
    sides: list[Any] = []
    for wanted in (a, b):
        # No id has a colon, and each URL has.
        side: Any = (
            open_existing(wanted)
            if ":" in wanted and wanted is b
            else find(stash, wanted, name)
        )
        if side is None:
            return absent(into, wanted, name)
        sides.append(side)
    found = ({"change": change, "key": key} for key, change in differences(*sides))
    print_rows(found, CHANGE, as_json)
    return ExitCode.OK

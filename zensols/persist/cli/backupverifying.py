"""The command ``stash backup verify``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..domain import Stash
from .backupfiles import file_rows
from .backupoptions import Into, Name
from .backupstores import absent, damaged_ids, find
from .exits import ExitCode
from .options import Json
from .output import Column, print_json, print_rows
from .stores import open_existing

if TYPE_CHECKING:
    from ..backup import Snapshot

__all__ = ["verify"]

_COLUMNS: Final = (Column("snapshot"), Column("key"), Column("problem"))


def verify(
    into: Into,
    wanted: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="The snapshot: its id or the beginning of it, or latest; by default "
            "all of them.",
            show_default=False,
        ),
    ] = None,
    name: Name = None,
    as_json: Json = False,
) -> int:
    r"""Check that all of a snapshot is there, and as it was written.

    What is wrong is printed: the snapshot, the key if it concerns a single one, and why.
    The exit code is 1 then. If INTO is a folder in which PersistenceHandler or
    BackupSchedule keep their files, these are checked, too.

    \b
    Examples:
      stash backup verify dir:backups
      stash backup verify s3://bucket/backups latest --json | jq -r .key
    """
    from ..backup import snapshots

    stash = open_existing(into)
    checking = _Checking()
    if wanted is not None:
        taken = find(stash, wanted, name)
        if taken is None:
            return absent(into, wanted, name)
        found = list(checking.check(taken))
    elif name is not None:
        found = [row for one in snapshots(stash, name) for row in checking.check(one)]
    else:
        found = list(checking.check_all(stash))
    print_rows(found, _COLUMNS, as_json)
    bad = len({row["snapshot"] for row in found})
    if as_json:
        print_json({"snapshots": checking.count, "sound": checking.count - bad})
    else:
        sys.stdout.flush()
        sys.stderr.write(
            f"{checking.count:,} snapshots, {checking.count - bad:,} sound\n"
        )
    return ExitCode.FINDINGS if found else ExitCode.OK


class _Checking:
    count = 0
    """How many backups there are."""

    def check(self, taken: Snapshot) -> Iterator[dict[str, Any]]:
        """Return what is wrong with a snapshot."""
        self.count += 1
        return self._problems(taken)

    @staticmethod
    def _problems(what: Snapshot | Stash[Any]) -> Iterator[dict[str, Any]]:
        from ..backup import verify as problems

        for problem in problems(what):
            yield {
                "snapshot": problem.snapshot,
                "key": problem.key,
                "problem": problem.reason,
            }

    def check_all(self, stash: Stash[Any]) -> Iterator[dict[str, Any]]:
        """Return what is wrong with all backups."""
        from ..backup import snapshots

        taken = snapshots(stash)
        self.count += len(taken) + len(damaged_ids(stash, taken))
        yield from self._problems(stash)
        for row in file_rows(stash):
            self.count += 1
            if row["state"] == "corrupt":
                yield {
                    "snapshot": row["id"],
                    "key": None,
                    "problem": f"Damaged: no backup of {row['name']} can be read from it",
                }

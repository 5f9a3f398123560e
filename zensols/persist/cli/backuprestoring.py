"""The commands ``stash backup restore`` and ``undo``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..stash.wording import escape, unescape
from .backupcomparing import CHANGE
from .backupoptions import Id, Into, Name, Store
from .backupstores import absent, changes_text, find, shown, time_text
from .exits import ExitCode, complain
from .options import Escaped, Json, Yes, confirm
from .output import print_json, print_rows
from .progress import Bar
from .stores import open_existing, open_store, require_two

if TYPE_CHECKING:
    from ..backup import Restoration

__all__ = ["restore", "undo"]


class _Mode(StrEnum):
    MERGE = "merge"
    REPLACE = "replace"


def restore(
    into: Into,
    wanted: Id,
    store: Store,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            "-k",
            metavar="GLOB",
            help="Only keys that match, such as 'a*'; may be given again.",
            show_default=False,
        ),
    ] = None,
    mode: Annotated[
        _Mode,
        typer.Option(help="Keep keys that the snapshot doesn't have, or delete them."),
    ] = _Mode.MERGE,
    name: Name = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be changed.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
    escaped: Escaped = False,
) -> int:
    r"""Put back what a snapshot has, after asking.

    What is changed can be undone, also if this is killed. Entries are not decoded. Those
    who write batches to STORE wait meanwhile.

    \b
    Examples:
      stash backup restore dir:backups latest dir:cache --dry-run
      stash backup restore dir:backups 00000012 dir:cache --key 'user-*'
      stash backup restore dir:backups latest sqlite:copy.db --mode replace --yes
    """
    from ..backup import restore as put_back

    source, target = open_existing(into), open_store(store)
    require_two(source, target, "INTO and STORE")
    taken = find(source, wanted, name)
    if taken is None:
        return absent(into, wanted, name)
    chosen = _Chosen(list(map(unescape, keys or ())) if escaped else keys or [])
    plan = put_back(taken, target, chosen, mode=mode.value, dry_run=True)
    for pattern in chosen.unmet:
        complain(f"No such key in {taken.id}: {escape(pattern)}")
    code = ExitCode.FINDINGS if chosen.unmet else ExitCode.OK
    if dry_run:
        print_rows(_rows(plan), CHANGE, as_json)
        return code
    if not any(map(len, (plan.added, plan.changed, plan.removed))):
        _print(plan, as_json)
        return code
    when = time_text(taken.created.isoformat())
    if not confirm(
        f"Have {shown(store)} have what {escape(taken.name)} had at {when} UTC: "
        f"{changes_text(plan)}?",
        yes,
    ):
        complain("Nothing is changed")
        return ExitCode.FINDINGS
    undoing = f"stash backup undo {quote(shown(store))} {quote(shown(into))}"
    try:
        with Bar("Restoring", lambda: None) as bar:
            done = put_back(taken, target, chosen, mode=mode.value, progress=bar.tell)
    except BaseException:
        complain(f"What is changed already, if anything, can be undone: {undoing}")
        raise
    sys.stderr.write(f"To undo this: {undoing}\n")
    _print(done, as_json)
    return code


class _Chosen:
    """Tells keys that match a pattern, or all if there are none."""

    def __init__(self, patterns: list[str]) -> None:
        self._patterns = patterns
        self.unmet = dict.fromkeys(patterns)
        """The patterns that nothing has matched yet."""

    def __call__(self, key: str) -> bool:
        if not self._patterns:
            return True
        met = [pattern for pattern in self._patterns if fnmatchcase(key, pattern)]
        for pattern in met:
            self.unmet.pop(pattern, None)
        return bool(met)


def _rows(plan: Restoration) -> Iterator[dict[str, Any]]:
    for change in ("added", "changed", "removed"):
        for key in getattr(plan, change):
            yield {"change": change, "key": key}


def _print(done: Restoration, as_json: bool) -> None:
    if as_json:
        counts = {
            change: len(getattr(done, change))
            for change in ("added", "changed", "removed")
        }
        print_json({"snapshot": done.snapshot, "name": done.name, **counts})
    else:
        sys.stdout.write(changes_text(done) + "\n")


def undo(store: Store, into: Into, yes: Yes = False, as_json: Json = False) -> int:
    r"""Undo what was restored to a store last, after asking.

    Do it again to undo what was restored before. Of the keys that were restored, what was
    written since is lost. A restore that was killed is undone, too.

    \b
    Examples:
      stash backup undo dir:cache dir:backups
    """
    from ..backup import restorations

    stash, source = open_existing(store), open_existing(into)
    found = restorations(source, stash)
    done = next((one for one in found if one.state != "undone"), None)
    if done is None:
        complain(
            f"Nothing to undo: nothing of {shown(into)} was restored to "
            f"{shown(store)}, or all of it is undone"
        )
        return ExitCode.FINDINGS
    cut = ", which was interrupted" if done.is_interrupted else ""
    if not confirm(
        f"Undo in {shown(store)} what was restored of {escape(done.name)} at "
        f"{time_text(done.created.isoformat())} UTC{cut}: {changes_text(done)}?",
        yes,
    ):
        complain("Nothing is changed")
        return ExitCode.FINDINGS
    with Bar("Undoing", lambda: None) as bar:
        done.undo(bar.tell)
    if as_json:
        _print(done, as_json)
    else:
        sys.stdout.write(f"Undone: {changes_text(done)}\n")
    return ExitCode.OK

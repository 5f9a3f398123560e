"""The commands ``stash state fork``, ``rm`` and ``prune``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..domain import StashURL
from ..stash.wording import escape, unescape
from .ages import parse_age
from .exits import ExitCode, UsageError, complain
from .options import Escaped, Json, Yes, confirm
from .output import Column, print_rows
from .stateoptions import (
    All,
    App,
    NoPartition,
    Partition,
    StatesUrl,
    absent,
    select,
)
from .statestores import open_existing_states

if TYPE_CHECKING:
    from ..state.upkeep import Pruned

__all__ = ["fork", "prune", "rm"]

_COLUMNS: Final = (
    Column("partition_key"),
    Column("app_id"),
    Column("dropped", right=True),
    Column("kept", right=True),
)


def fork(
    url: StatesUrl,
    app: App,
    sequence_id: Annotated[
        int,
        typer.Argument(
            metavar="SEQ",
            help="The last step that the new one has, too.",
            show_default=False,
        ),
    ],
    new: Annotated[
        str,
        typer.Argument(metavar="NEW", help="The new application.", show_default=False),
    ],
    partition: Partition = None,
    escaped: Escaped = False,
) -> int:
    r"""Make an application that has the past of another one, up to a step.

    Nothing is copied, and what happens to the one doesn't concern the other.

    \b
    Examples:
      stash state fork sqlite:states.db chat 12 'friendlier chat' --partition 'user 1'
    """
    if escaped:
        app, new = unescape(app), unescape(new)
        partition = partition and unescape(partition)
    with open_existing_states(url) as persister:
        items = persister.history(partition, app)
        if not items:
            return absent(partition, app)
        if all(item.sequence_id != sequence_id for item in items):
            return absent(partition, app, sequence_id)
        persister.fork(partition, app, sequence_id, new)
    return ExitCode.OK


def rm(
    url: StatesUrl,
    apps: Annotated[
        list[str],
        typer.Argument(metavar="APP...", help="The applications.", show_default=False),
    ],
    partition: Partition = None,
    yes: Yes = False,
    escaped: Escaped = False,
) -> int:
    r"""Delete applications, after asking; their forks keep what they have of them.

    \b
    Examples:
      stash state rm sqlite:states.db chat --partition 'user 1'
      stash state rm sqlite:states.db chat 'other chat' --yes
    """
    if escaped:
        apps, partition = list(map(unescape, apps)), partition and unescape(partition)
    with open_existing_states(url) as persister:
        steps = {app: len(persister.history(partition, app)) for app in apps}
        missing = [app for app in steps if not steps[app]]
        found = [app for app in steps if steps[app]]
        if found:
            what = ", ".join(
                f"{escape(app)} ({steps[app]:,} states)" for app in found[:5]
            )
            more = f" and {len(found) - 5:,} more" if len(found) > 5 else ""
            if not confirm(f"Delete {what}{more} in {StashURL.parse(url)}?", yes):
                complain("Nothing is deleted")
                return ExitCode.FINDINGS
        for app in found:
            persister.delete(partition, app)
    for app in missing:
        absent(partition, app)
    return ExitCode.FINDINGS if missing else ExitCode.OK


def prune(
    url: StatesUrl,
    partition: Partition = None,
    no_partition: NoPartition = False,
    everything: All = False,
    max_age: Annotated[
        str | None,
        typer.Option(
            metavar="AGE",
            help="Drop states that are older, such as 90min, 12h, 30d or 8w.",
            show_default=False,
        ),
    ] = None,
    keep_apps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Keep so many applications of a partition, those saved last.",
            show_default=False,
        ),
    ] = None,
    keep_states: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Keep so many states of an application, the newest ones.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be dropped.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
    escaped: Escaped = False,
) -> int:
    r"""Drop what is too old or too much, after asking.

    Listed is how many states each application loses, and how many it keeps; one that
    keeps none is deleted.

    \b
    Examples:
      stash state prune sqlite:states.db --all --max-age 30d --dry-run
      stash state prune sqlite:states.db --partition 'user 1' --keep-apps 10
      stash state prune redis://localhost:6379/0 --all --keep-states 100 --yes
    """
    wanted = select(partition, no_partition, everything, escaped)
    if max_age is None and keep_apps is None and keep_states is None:
        raise UsageError("Give --max-age, --keep-apps or --keep-states")
    age = None if max_age is None else parse_age(max_age)
    with open_existing_states(url) as persister:

        def drop(dry_run: bool) -> list[Pruned]:
            return persister.prune(
                wanted,
                max_age=age,
                keep_apps=keep_apps,
                keep_states=keep_states,
                dry_run=dry_run,
            )

        pruned = drop(dry_run=True)
        if pruned and not dry_run:
            states = sum(item.dropped for item in pruned)
            what = f"{states:,} states of {len(pruned):,} applications"
            if not confirm(f"Drop {what} in {StashURL.parse(url)}?", yes):
                complain("Nothing is dropped")
                return ExitCode.FINDINGS
            pruned = drop(dry_run=False)
    print_rows(map(asdict, pruned), _COLUMNS, as_json)
    return ExitCode.OK

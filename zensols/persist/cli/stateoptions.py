"""The arguments and options that several commands on states have."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..stash.wording import escape, unescape
from .exits import ExitCode, UsageError, complain

__all__ = [
    "All",
    "App",
    "NoPartition",
    "Partition",
    "StatesUrl",
    "absent",
    "select",
]

StatesUrl = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="The states, such as sqlite:states.db, postgresql://user@host/database, "
        "redis://host:6379/0 or mongodb://host/database.",
        show_default=False,
    ),
]

App = Annotated[
    str, typer.Argument(metavar="APP", help="The application.", show_default=False)
]

Partition = Annotated[
    str | None,
    typer.Option(
        "--partition",
        "-p",
        metavar="P",
        help="The partition, such as a user.",
        show_default=False,
    ),
]

NoPartition = Annotated[
    bool, typer.Option("--no-partition", help="Those that are in no partition.")
]

All = Annotated[bool, typer.Option("--all", help="Those of every partition.")]


def select(
    partition: str | None, no_partition: bool, everything: bool, escaped: bool
) -> Any:
    """Return the partition that is asked for, None for none, or ``ALL``.

    :param partition: its name, if one is given

    :param no_partition: whether none is asked for

    :param everything: whether all are

    :param escaped: whether the name is escaped

    :raises UsageError: unless exactly one is asked for

    >>> select("user 1", False, False, False)
    'user 1'

    """
    from ..state.records import ALL

    if (partition is not None) + no_partition + everything != 1:
        raise UsageError("Give --partition P, --no-partition, or --all for every one")
    if everything:
        return ALL
    return unescape(partition) if escaped and partition is not None else partition


def absent(partition: str | None, app: str, sequence_id: int | None = None) -> ExitCode:
    """Say that there is no such application or state, and return the exit code.

    :param partition: the partition

    :param app: the application

    :param sequence_id: the state

    """
    state = "" if sequence_id is None else f"state {sequence_id} of "
    where = (
        "in no partition (else give --partition)"
        if partition is None
        else f"in partition {escape(partition)}"
    )
    complain(f"No such {state or 'application: '}{escape(app)}, {where}")
    return ExitCode.FINDINGS

"""The arguments and options that several commands on backups have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ..error import PersistableError
from .ages import parse_age
from .exits import UsageError

if TYPE_CHECKING:
    from ..backup.retention import Retention

__all__ = [
    "Daily",
    "Id",
    "Into",
    "Keep",
    "Monthly",
    "Name",
    "NewName",
    "OlderThan",
    "Store",
    "Weekly",
    "keeping",
    "name_meant",
]


def name_meant(text: str) -> str:
    """Return the name of snapshots that a user means: the URL of a local store stands
    for the name that the store has by default, which is the same in each folder.

    :param text: what the user gave

    >>> name_meant("dir:/data/../cache"), name_meant("cache")
    ('dir:///cache', 'cache')

    """
    from ..backup.place import local_path, place_of
    from ..domain import open_stash

    try:
        stash = open_stash(text)
    except PersistableError:
        return text
    return text if local_path(stash) is None else place_of(stash) or text


Store = Annotated[
    str,
    typer.Argument(
        metavar="STORE",
        help="The store, such as dir:cache or sqlite:cache.db.",
        show_default=False,
    ),
]

Into = Annotated[
    str,
    typer.Argument(
        metavar="INTO",
        help="The store that the snapshots are in, such as dir:backups or "
        "s3://bucket/backups.",
        show_default=False,
    ),
]

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The snapshot: its id or the beginning of it, or latest.",
        show_default=False,
    ),
]

Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        "-n",
        metavar="N",
        parser=name_meant,
        help="Only snapshots of this name, which is the store's URL if none was given; "
        "that of a local store may be relative.",
        show_default=False,
    ),
]

NewName = Annotated[
    str | None,
    typer.Option(
        "--name",
        "-n",
        metavar="N",
        parser=name_meant,
        help="What to call the store; by default its URL, with an absolute path.",
        show_default=False,
    ),
]

Keep = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Keep so many snapshots of each name, the newest ones.",
        show_default=False,
    ),
]

Daily = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Keep the newest of each of so many days.",
        show_default=False,
    ),
]

Weekly = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, help="The same of so many weeks.", show_default=False
    ),
]

Monthly = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, help="The same of so many months.", show_default=False
    ),
]

OlderThan = Annotated[
    str | None,
    typer.Option(
        metavar="AGE",
        help="Delete those that are older, such as 12h, 30d or 8w.",
        show_default=False,
    ),
]

Keeping = Callable[[datetime], "Retention"]
"""Returns which snapshots to keep at a time."""


def keeping(
    keep: int | None,
    daily: int | None,
    weekly: int | None,
    monthly: int | None,
    older_than: str | None,
) -> Keeping | None:
    """Return which snapshots to keep, as a function of the time, or None if nothing
    is said.

    :param keep: how many

    :param daily: of how many days

    :param weekly: of how many weeks

    :param monthly: of how many months

    :param older_than: all that are younger than this age

    :raises UsageError: unless that makes one rule

    >>> keeping(7, None, None, None, None)(datetime.now())
    Count(count=7)

    """
    from ..backup.retention import Count, Since, Tiers

    tiers = (daily, weekly, monthly)
    in_tiers = any(tier is not None for tier in tiers)
    if (keep is not None) + in_tiers + (older_than is not None) > 1:
        raise UsageError(
            "Give either --keep, or --older-than, or any of --daily, --weekly and "
            "--monthly"
        )
    if keep is not None:
        newest = Count(keep)
        return lambda _: newest
    if older_than is not None:
        age = parse_age(older_than)
        return lambda now: Since(now - age)
    if in_tiers:
        if not any(tiers):
            raise UsageError("Nothing would be kept: give a number above 0")
        rule = Tiers(*(tier or 0 for tier in tiers))
        return lambda _: rule
    return None

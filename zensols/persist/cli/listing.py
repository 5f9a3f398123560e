"""The command ``stash ls``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final

import typer

from ..domain import Stash
from ..stash.survey import Found, survey
from ..stash.wording import age_text, duration_text, size_text
from .exits import ExitCode
from .options import Json, Url
from .output import Column, print_rows
from .stores import open_existing

__all__ = ["Match", "Order", "Sort", "ls", "print_entries"]

_COLUMNS: Final = (
    Column("key"),
    Column("size", size_text, right=True),
    Column("age", age_text, lambda age: f"{age:.0f}", right=True),
    Column("type"),
    Column("codec"),
    Column("seconds", duration_text, right=True),
)


class Order(StrEnum):
    """By what entries are sorted."""

    KEY = "key"
    SIZE = "size"
    AGE = "age"
    TYPE = "type"
    SECONDS = "seconds"


_ORDERS: Final[dict[Order, Callable[[dict[str, Any]], Any]]] = {
    Order.KEY: lambda row: row["key"],
    Order.TYPE: lambda row: row.get("type") or "",
    Order.SIZE: lambda row: -(row.get("size") or 0),
    Order.AGE: lambda row: -(row.get("age") or 0),
    Order.SECONDS: lambda row: -(row.get("seconds") or 0),
}

Match = Annotated[
    str, typer.Option(metavar="GLOB", help="Only keys that match, such as 'a*'.")
]

Sort = Annotated[
    Order | None,
    typer.Option(
        help="Sort by this, what is largest first; by default entries are shown as "
        "they are found.",
        show_default=False,
    ),
]


def ls(
    url: Url,
    match: Match = "*",
    sort: Sort = None,
    as_json: Json = False,
) -> int:
    r"""List keys, with what is known of their entries.

    That is the size, age, type, codec, and the seconds that it took to compute the
    value. Nothing is decoded, so nothing has to be trusted: who can write to the store can
    forge what is shown. Elsewhere than on a terminal, columns are separated by tabs,
    sizes are in bytes, times in seconds, and '-' is what isn't known.

    \b
    Examples:
      stash ls dir:cache
      stash ls sqlite:cache.db --match 'model-*' --sort size
      stash ls redis://localhost:6379/0 | cut -f 1
      stash ls dir:cache --json | jq .type
    """
    return print_entries(open_existing(url), match, sort, as_json)


def print_entries(
    stash: Stash[Any], match: str, sort: Order | None, as_json: bool
) -> ExitCode:
    """Print keys of a stash, with what is known of their entries.

    :param stash: the stash

    :param match: the pattern of the keys

    :param sort: by what to sort them

    :param as_json: whether to print JSON

    :return: the exit code

    """
    seen = _Seen()
    everything = match == "*"
    found = survey(stash, lambda key: everything or fnmatchcase(key, match))
    rows: Iterable[dict[str, Any]] = map(seen.row, found)
    if sort is not None:
        rows = sorted(rows, key=_ORDERS[sort])
    print_rows(rows, _COLUMNS, as_json)
    return ExitCode.FINDINGS if seen.problems else ExitCode.OK


class _Seen:
    problems = 0

    def row(self, found: Found) -> dict[str, Any]:
        self.problems += found.problem is not None
        return found.row()

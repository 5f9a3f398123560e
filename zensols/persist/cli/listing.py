"""The command ``stash ls``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final

import typer

from .exits import ExitCode
from .options import Json, Url
from .output import Column, age_text, duration_text, print_rows, size_text
from .stores import open_existing
from .survey import Found, survey

__all__ = ["ls"]

_COLUMNS: Final = (
    Column("key"),
    Column("size", size_text, right=True),
    Column("age", age_text, lambda age: f"{age:.0f}", right=True),
    Column("type"),
    Column("codec"),
    Column("seconds", duration_text, right=True),
)


class _Order(StrEnum):
    KEY = "key"
    SIZE = "size"
    AGE = "age"
    TYPE = "type"
    SECONDS = "seconds"


_ORDERS: Final[dict[_Order, Callable[[dict[str, Any]], Any]]] = {
    _Order.KEY: lambda row: row["key"],
    _Order.TYPE: lambda row: row.get("type") or "",
    _Order.SIZE: lambda row: -(row.get("size") or 0),
    _Order.AGE: lambda row: -(row.get("age") or 0),
    _Order.SECONDS: lambda row: -(row.get("seconds") or 0),
}


def ls(
    url: Url,
    match: Annotated[
        str, typer.Option(metavar="GLOB", help="Only keys that match, such as 'a*'.")
    ] = "*",
    sort: Annotated[
        _Order | None,
        typer.Option(
            help="Sort by this, what is largest first; by default entries are "
            "shown as they are found.",
            show_default=False,
        ),
    ] = None,
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
    seen = _Seen()
    everything = match == "*"
    found = survey(
        open_existing(url), lambda key: everything or fnmatchcase(key, match)
    )
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

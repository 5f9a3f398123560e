"""What the commands print: a table on a terminal, lines with tabs elsewhere, or
JSON.

"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..domain import chunks
from ..stash.wording import escape

__all__ = [
    "Column",
    "print_json",
    "print_rows",
]

ABSENT: Final = "-"

_PAGE: Final = 200
"""How many rows a table has; more are printed as another table."""


class Column(NamedTuple):
    """A column of a table.

    >>> Column("size", right=True).name
    'size'

    """

    name: str
    """The name of the column, and of what it shows of a row."""

    human: Callable[[Any], str] = str
    """Returns what people read; numbers are set to the right."""

    plain: Callable[[Any], str] = str
    """Returns what programs read."""

    right: bool = False
    """Whether the column is set to the right."""


def print_rows(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], as_json: bool = False
) -> None:
    """Print rows as they come.

    :param rows: what is known of each, ready for JSON

    :param columns: what to show of it if it isn't printed as JSON

    :param as_json: whether it is

    """
    if as_json:
        for row in rows:
            print_json(row)
    elif sys.stdout.isatty():
        _print_tables(rows, columns)
    else:
        for row in rows:
            cells = (_cell(row.get(c.name), c.plain) for c in columns)
            sys.stdout.write("\t".join(cells) + "\n")


def print_json(data: Mapping[str, Any]) -> None:
    """Print an object as a line of JSON.

    :param data: the object

    """
    # In ASCII: keys may have characters that no encoding has.
    sys.stdout.write(json.dumps(data, allow_nan=False) + "\n")


def _print_tables(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for page in chunks(rows, _PAGE):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(
                column.name,
                justify="right" if column.right else "left",
                overflow="fold",
                no_wrap=column.right,
            )
        for row in page:
            cells = (_cell(row.get(c.name), c.human) for c in columns)
            table.add_row(*map(Text, cells))
        console.print(table)


def _cell(value: Any, show: Callable[[Any], str]) -> str:
    if value is None:
        return ABSENT
    text = escape(show(value))
    # A name may be like what stands for none.
    return r"\x2d" if text == ABSENT else text

"""What the commands print: a table on a terminal, lines with tabs elsewhere, or
JSON.

"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..domain import chunks

__all__ = [
    "Column",
    "age_text",
    "duration_text",
    "escape",
    "print_json",
    "print_rows",
    "size_text",
    "unescape",
]

ABSENT: Final = "-"

_PAGE: Final = 200
"""How many rows a table has; more are printed as another table."""

_ESCAPED: Final = re.compile(
    r"\\(\\|[abfnrtv]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U00(10|0[\da-fA-F])[\da-fA-F]{4})"
)


def escape(text: str) -> str:
    r"""Return text as one printable line, from which it can be told.

    :param text: such as a key, which may have any character

    >>> print(escape("a\tb\x1b[31m"))
    a\tb\x1b[31m

    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode()
        for c in text
    )


def unescape(text: str) -> str:
    r"""Return the text of what :func:`escape` made of it.

    :param text: the printable line

    >>> unescape(escape("a\tb\\")) == "a\tb\\"
    True

    """
    return _ESCAPED.sub(lambda match: match[0].encode().decode("unicode_escape"), text)


def size_text(size: float) -> str:
    """Return a size for people.

    :param size: the number of bytes

    >>> size_text(350), size_text(64 << 20)
    ('350 B', '64.0 MiB')

    """
    if size < 1024:
        return f"{size:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"


def duration_text(seconds: float) -> str:
    """Return a duration for people.

    :param seconds: how long

    >>> duration_text(0.0123), duration_text(5), duration_text(5400)
    ('12.3 ms', '5.0 s', '1.5 h')

    """
    for limit, unit, length in (
        (1e-3, "µs", 1e-6),
        (1, "ms", 1e-3),
        (60, "s", 1),
        (3600, "min", 60),
        (86400, "h", 3600),
    ):
        if seconds < limit:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds / 86400:.1f} d"


def age_text(seconds: float) -> str:
    """Return an age for people.

    :param seconds: how long ago

    >>> age_text(0.3), age_text(125), age_text(90000)
    ('0 s', '2 min', '1 d')

    """
    for limit, unit, length in ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600)):
        if seconds < limit:
            return f"{int(seconds / length)} {unit}"
    return f"{int(seconds / 86400)} d"


class Column(NamedTuple):
    """A column of a table.

    >>> Column("size", size_text).name
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
    return ABSENT if value is None else escape(show(value))

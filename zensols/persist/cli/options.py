"""The arguments and options that several commands have."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .exits import UsageError

__all__ = ["Escaped", "InputFile", "Json", "Key", "Url", "Yes", "confirm"]

Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="The store, such as dir:cache, sqlite:cache.db or redis://host:6379/0.",
        show_default=False,
    ),
]

Key = Annotated[str, typer.Argument(metavar="KEY", help="The key.", show_default=False)]

InputFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="The file to read; - is the input.",
        show_default=False,
    ),
]

Json = Annotated[
    bool, typer.Option("--json", help="Print JSON, one object on each line.")
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]

Escaped = Annotated[
    bool,
    typer.Option(
        "--escaped", "-e", help=r"Keys are given as ls prints them: \t is a tab."
    ),
]


def confirm(question: str, yes: bool) -> bool:
    """Ask whether to go on.

    :param question: what is going to happen

    :param yes: whether the user has agreed to it already

    :return: whether the user agrees

    :raises UsageError: if there is nobody to ask

    >>> confirm("Delete all?", yes=True)
    True

    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is nobody to ask: give --yes to agree")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")

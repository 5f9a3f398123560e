"""The command ``stash copy``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from ..domain import Stash
from ..stash.layers import innermost
from .exits import ExitCode, complain_of
from .options import Json
from .output import print_json
from .progress import Bar
from .stores import open_existing, open_store, require_two
from .transfer import Tally, transfer

__all__ = ["copy", "report_transfer"]


def copy(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="The store to copy.", show_default=False),
    ],
    target: Annotated[
        str,
        typer.Argument(metavar="DST", help="The store to copy to.", show_default=False),
    ],
    as_json: Json = False,
) -> int:
    r"""Copy all of a store to another one, of whatever kind.

    Entries are moved as they are, signature and all, and not decoded, unless DST has
    another codec, compression or time to live. Each is read back and compared. What
    DST has already is skipped, so that a copy that was interrupted goes on when it is
    repeated; other keys of DST stay.

    \b
    Examples:
      stash copy dir:cache lmdb:cache.lmdb
      stash copy dir:cache 'dir:smaller?compress=zstd'
      stash copy sqlite:cache.db redis://localhost:6379/0
    """
    stashes = open_existing(source), open_store(target)
    require_two(*stashes, "SRC and DST")
    base = innermost(stashes[0])
    return report_transfer(
        "Copying", [stashes[0]], stashes[1], lambda: len(base), as_json
    )


def report_transfer(
    title: str,
    sources: Iterable[Stash[Any]],
    target: Stash[Any],
    total: Callable[[], int | None],
    as_json: bool,
) -> int:
    """Copy all of some stashes, show how it goes, and print how it went.

    :param title: what is being done

    :param sources: what to copy

    :param target: where to

    :param total: returns how many entries they have, or None if that isn't known

    :param as_json: whether to print JSON

    :return: the exit code

    """
    whole = Tally()
    with Bar(title, total) as bar:
        for source in sources:
            tally = Tally()
            for tally in transfer(source, target, complain_of):
                bar.update(whole.done + tally.done)
            whole.add(tally)
    if as_json:
        print_json(whole.data())
    else:
        sys.stdout.write(
            f"{whole.copied:,} copied, {whole.same:,} the same already, "
            f"{whole.failed:,} failed\n"
        )
    return ExitCode.FINDINGS if whole.failed else ExitCode.OK

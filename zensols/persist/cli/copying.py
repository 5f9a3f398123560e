"""The command ``stash copy``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ..domain import Stash
from ..error import PersistableError
from .exits import ExitCode, UsageProblem
from .options import Json
from .output import escape, print_json
from .progress import Bar
from .stores import innermost, open_store
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
    stashes = open_store(source), open_store(target)
    if _url(stashes[0]) == _url(stashes[1]) is not None:
        raise UsageProblem("SRC and DST are the same store")
    return report_transfer("Copying", *stashes, as_json)


def report_transfer(
    title: str, source: Stash[Any], target: Stash[Any], as_json: bool
) -> int:
    """Copy all of a stash, show how it goes, and print how it went.

    :param title: what is being done

    :param source: what to copy

    :param target: where to

    :param as_json: whether to print JSON

    :return: the exit code

    """
    tally = Tally()
    with Bar(title, lambda: len(innermost(source))) as bar:
        for tally in transfer(source, target, complainer(bar)):
            bar.update(tally.done)
    if as_json:
        print_json(tally.data())
    else:
        sys.stdout.write(
            f"{tally.copied:,} copied, {tally.same:,} the same already, "
            f"{tally.failed:,} failed\n"
        )
    return ExitCode.FINDINGS if tally.failed else ExitCode.OK


def complainer(bar: Bar) -> Callable[[str, Exception], None]:
    """Return a function that tells of keys with which something went wrong.

    :param bar: shows the progress

    """

    def failed(key: str, error: Exception) -> None:
        bar.complain(f"{escape(key)}: {error}")

    return failed


def _url(stash: Stash[Any]) -> str | None:
    try:
        return innermost(stash).url.without("codec", "compress").reveal()
    except PersistableError:
        return None

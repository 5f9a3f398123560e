"""The commands ``stash state export`` and ``import``."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Annotated

import typer

from ..error import PersistableError
from ..stash.survey import UNAVAILABLE
from ..stash.wording import escape, unescape
from .exits import ExitCode, UsageError, complain
from .options import Escaped, InputFile, Json
from .output import print_json
from .progress import Bar
from .stateoptions import NoPartition, Partition, StatesUrl, absent
from .statestores import open_existing_states, open_states
from .streams import open_input, open_output

if TYPE_CHECKING:
    from ..state.exchange import StateExchange
    from ..state.raw import RawFork, RawState

__all__ = ["export", "import_"]


def export(
    url: StatesUrl,
    file: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file to write; - is the output.",
        ),
    ] = "-",
    partition: Partition = None,
    no_partition: NoPartition = False,
    app: Annotated[
        str | None,
        typer.Option(metavar="APP", help="Only this application.", show_default=False),
    ] = None,
    escaped: Escaped = False,
) -> int:
    r"""Write states to a file, to take them to another database, of whatever kind.

    That are all, or those of a partition, or of an application of it: each step with
    all that was saved with it, as a line of JSON. States are not decoded, so no class
    is needed. What applications share is written once.

    \b
    Examples:
      stash state export sqlite:states.db -o states.jsonl
      stash state export sqlite:states.db -p 'user 1' --app chat | jq .state
      stash state export sqlite:states.db | ssh other stash state import redis: -
    """
    from ..state.exchange import RawLoss
    from ..state.raw import RawFork
    from ..state.records import ALL
    from .statelines import Totals, first_line, last_line, to_line

    if partition is not None and no_partition:
        raise UsageError("Give --partition P or --no-partition, not both")
    everything = partition is None and not no_partition
    if app is not None and everything:
        raise UsageError("Give --partition P or --no-partition with --app")
    if escaped:
        app, partition = app and unescape(app), partition and unescape(partition)
    totals = Totals()
    with open_existing_states(url) as persister:
        if app is not None and not persister.history(partition, app):
            return absent(partition, app)
        exchange = persister.exchange()
        wanted = ALL if everything else partition

        def count() -> int:
            apps = exchange.list_apps(wanted)
            return sum(
                len(persister.history(*pair)) for pair in apps if app in (None, pair[1])
            )

        with open_output(file) as out, Bar("Exporting", count) as bar:
            out.write(first_line())
            for item in exchange.export(wanted, app):
                states = item.states if isinstance(item, RawFork | RawLoss) else 1
                bar.advance(states)
                if isinstance(item, RawLoss):
                    totals.lost += states
                    _complain_of(item.partition_key, item.app_id, item.error)
                else:
                    totals.states += states
                    out.write(to_line(item))
            out.write(last_line(totals))
    complain(f"{totals.states:,} exported, {totals.lost:,} failed")
    return ExitCode.FINDINGS if totals.lost else ExitCode.OK


@dataclass
class _Tally:
    imported: int = 0
    same: int = 0
    failed: int = 0


def import_(
    url: StatesUrl,
    file: InputFile,
    as_json: Json = False,
) -> int:
    r"""Store the states that export wrote, with their times, order and forks.

    The file is checked before anything is stored. What is there already stays, so that
    an import that broke off goes on when it is repeated. An application that has other
    states there is named, left as it is, and counted as failed.

    \b
    Examples:
      stash state import postgresql://user@host/database states.jsonl
      stash state export sqlite:states.db | stash state import sqlite:copy.db -
    """
    from .statelines import Totals, read_lines

    totals = Totals()
    with open_input(file) as data, open_states(url) as persister:
        try:
            for _ in read_lines(data, totals):
                pass
        except PersistableError as e:
            raise PersistableError(f"Can't import {file}: {e}") from e
        data.seek(0)
        with Bar("Importing", lambda: totals.states) as bar:
            tally = _import(persister.exchange(), data, bar)
    if totals.lost:
        complain(
            f"{file} lacks {totals.lost:,} states that could not be read when it was "
            f"written"
        )
    if as_json:
        print_json(asdict(tally))
    else:
        sys.stdout.write(
            f"{tally.imported:,} imported, {tally.same:,} the same already, "
            f"{tally.failed:,} failed\n"
        )
    return ExitCode.FINDINGS if tally.failed or totals.lost else ExitCode.OK


def _import(exchange: StateExchange, data: IO[bytes], bar: Bar) -> _Tally:
    from ..state.raw import RawFork
    from .statelines import Totals, read_lines

    tally = _Tally()
    item: RawState | RawFork | None = None
    try:
        for item in read_lines(data, Totals()):
            states = item.states if isinstance(item, RawFork) else 1
            try:
                outcome = exchange.add(item)
            except UNAVAILABLE:
                raise
            except PersistableError as e:
                outcome = "skipped"
                _complain_of(item.partition_key, item.app_id, e)
            if outcome == "added":
                tally.imported += states
            elif outcome == "same":
                tally.same += states
            else:
                tally.failed += states
            bar.advance(states)
    except BaseException:
        if item is not None:
            complain(
                f"Not all was imported: it broke off in application "
                f"{escape(item.app_id)}; repeat it to go on"
            )
        raise
    return tally


def _complain_of(partition: str | None, app: str, error: Exception) -> None:
    where = escape(app) if partition is None else f"{escape(partition)}, {escape(app)}"
    complain(f"{where}: {error}")

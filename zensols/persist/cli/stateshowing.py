"""The commands ``stash state show`` and ``diff``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..codec.tagged import Tagger
from ..error import CorruptDataError
from ..stash.wording import escape, unescape
from .exits import ExitCode
from .options import Escaped, Json
from .output import print_json
from .stateoptions import App, Partition, StatesUrl, absent
from .statestores import open_existing_states

if TYPE_CHECKING:
    from ..state.diff import Difference
    from ..state.exchange import StateExchange
    from ..state.raw import RawState

__all__ = ["diff", "show"]

_STYLES: Final = {"added": "green", "removed": "red", "changed": "yellow"}


def show(
    url: StatesUrl,
    app: App,
    sequence_id: Annotated[
        int | None,
        typer.Argument(
            metavar="[SEQ]",
            help="Which step, by default the last one.",
            show_default=False,
        ),
    ] = None,
    partition: Partition = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print all that was saved with it, on one line."),
    ] = False,
    escaped: Escaped = False,
) -> int:
    r"""Print a state as JSON.

    It is printed as it is stored: what JSON has no form for (dates, sets, instances and
    so on) has tags there. Nothing is made of these, so no class is needed.

    \b
    Examples:
      stash state show sqlite:states.db chat --partition 'user 1'
      stash state show sqlite:states.db chat 12 | jq .messages
      stash state show sqlite:states.db chat --json | jq .created_at
    """
    if escaped:
        app, partition = unescape(app), partition and unescape(partition)
    with open_existing_states(url) as persister:
        exchange = persister.exchange()
        state = exchange.find(partition, app, sequence_id)
        if state is None:
            return _absent(exchange, partition, app, sequence_id)
        if as_json:
            from .statelines import to_line

            sys.stdout.write(_printable(to_line(state).decode()))
        else:
            from msgspec.json import format as pretty

            sys.stdout.write(_printable(pretty(state.data).decode()) + "\n")
    return ExitCode.OK


def diff(
    url: StatesUrl,
    app: App,
    a: Annotated[
        int, typer.Argument(metavar="A", help="One step.", show_default=False)
    ],
    b: Annotated[
        int, typer.Argument(metavar="B", help="Another step.", show_default=False)
    ],
    partition: Partition = None,
    as_json: Json = False,
    escaped: Escaped = False,
) -> int:
    r"""Print what differs between two states of an application.

    A line begins with + for what only the second one has, - for what only the first
    one has, and ~ for what has changed. Values are shown as they are stored.

    \b
    Examples:
      stash state diff sqlite:states.db chat 11 12 --partition 'user 1'
      stash state diff sqlite:states.db chat 11 12 --json | jq .path
    """
    from ..state.diff import find_differences

    if escaped:
        app, partition = unescape(app), partition and unescape(partition)
    with open_existing_states(url) as persister:
        exchange = persister.exchange()
        states = []
        for sequence_id in a, b:
            state = exchange.find(partition, app, sequence_id)
            if state is None:
                return _absent(exchange, partition, app, sequence_id)
            states.append(_tree(state))
    differences = find_differences(*states)
    if as_json:
        for difference in differences:
            print_json(_data(difference))
    else:
        _print(differences)
    return ExitCode.OK


def _absent(
    exchange: StateExchange, partition: str | None, app: str, sequence_id: int | None
) -> ExitCode:
    is_known = exchange.find(partition, app) is not None
    return absent(partition, app, sequence_id if is_known else None)


def _tree(state: RawState) -> Any:
    return Tagger.parse(state.data, f"state {state.sequence_id}")


def _data(difference: Difference) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": difference.kind, "path": difference.path}
    if difference.kind != "added":
        data["before"] = difference.before
    if difference.kind != "removed":
        data["after"] = difference.after
    return data


def _line(difference: Difference) -> str:
    path, before, after = (
        escape(difference.path),
        _value(difference.before),
        _value(difference.after),
    )
    if difference.kind == "added":
        return f"+ {path}: {after}"
    if difference.kind == "removed":
        return f"- {path}: {before}"
    return f"~ {path}: {before} → {after}"


def _value(value: Any) -> str:
    try:
        return _printable(json.dumps(value, ensure_ascii=False))
    except ValueError as e:
        # Python shows no integers of very many digits.
        raise CorruptDataError(f"Can't show a value: {e}") from e


def _print(differences: Iterable[Difference]) -> None:
    if not sys.stdout.isatty():
        for difference in differences:
            sys.stdout.write(_line(difference) + "\n")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for difference in differences:
        text = Text(_line(difference), _STYLES[difference.kind])
        console.print(text, soft_wrap=True)


def _printable(text: str) -> str:
    """Return JSON in which no character means anything to a terminal."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text
    )

"""The command ``stash`` as a whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from inspect import cleandoc
from typing import Annotated, Any, Final

import typer
import typer.core
import typer.main

from ..error import PersistableError
from . import backup, state
from .copying import copy
from .exchange import export, import_
from .exits import ExitCode, complain, exit_code
from .listing import ls
from .signing import sign
from .summary import info
from .ui import ui
from .values import get, put, rm
from .verifying import verify

__all__ = ["app", "run"]

_UsageError: Final[Any] = typer.BadParameter.__mro__[1]
"""The same in all releases of typer, of which some bring their own click."""

_HELP: Final = """See and manage what stashes store.

A store is named by a URL: dir:cache, lmdb:cache.lmdb, sqlite:cache.db,
redis://host:6379/0, postgresql://user@host/database, mongodb://host/database,
s3://bucket/prefix, shelve:file or zip:file, with options such as ?codec=json. What
may be unpickled can't be set by a URL; see ZENSOLS_PERSIST_TRUST.

\b
Examples:
  stash ls dir:cache --sort size
  stash info dir:cache
  stash copy dir:cache sqlite:cache.db
  stash verify sqlite:cache.db
  stash state ls sqlite:states.db --all
  stash backup now dir:cache dir:backups

\b
Exit codes:
    0  all is well
    1  findings: an entry doesn't verify, a key is absent, not all was copied, or
       the answer to a question was no
    2  wrong arguments or URL, or a missing package
    3  a store can't be reached, or is locked
    4  something else failed: data can't be read, trusted or written
  130  Ctrl-C
  141  who reads the output closed the pipe
"""

_FORMS: Final = {"max_content_width": 88, "help_option_names": ["-h", "--help"]}


class _Group(typer.core.TyperGroup):
    """Turns what goes wrong into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            code = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            _forget_output()
            return ExitCode.PIPE
        except KeyboardInterrupt:
            complain("Interrupted")
            return ExitCode.INTERRUPTED
        except PersistableError as e:
            complain(e)
            return exit_code(e)
        except OSError as e:
            complain(e)
            return ExitCode.FAILED
        return code


app = typer.Typer(
    name="stash",
    cls=_Group,
    help=_HELP,
    context_settings=_FORMS,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
"""The command ``stash``."""


def _print_version(wanted: bool) -> None:
    if wanted:
        package = import_module(__package__.rpartition(".")[0])
        sys.stdout.write(f"stash {package.__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Take what goes with every command."""


_main.__doc__ = _HELP


def _add(group: typer.Typer, commands: Iterable[Callable[..., int]]) -> None:
    for command in commands:
        group.command(
            command.__name__.rstrip("_"),
            # What keeps the lines of the examples is a control character, which a raw
            # docstring can't have.
            help=cleandoc(command.__doc__ or "").replace("\\b\n", "\b\n"),
            context_settings=_FORMS,
        )(command)


_add(app, (ls, get, put, rm, info, copy, verify, sign, export, import_, ui))

for _room in (state, backup):
    _group = typer.Typer(
        help=_room.HELP, context_settings=_FORMS, rich_markup_mode=None
    )
    _add(_group, _room.COMMANDS)
    app.add_typer(_group, name=_room.__name__.rpartition(".")[2])


def run(arguments: list[str]) -> int:
    """Run the command.

    :param arguments: what follows its name

    :return: the exit code

    """
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        # A key may have what the terminal's encoding has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = typer.main.get_command(app).main(
            arguments, prog_name="stash", standalone_mode=False
        )
    except _UsageError as e:
        where = e.ctx.command_path if e.ctx else "stash"
        complain(f"{e.format_message()} (see {where} --help)")
        return ExitCode.USAGE
    except typer.Abort:
        complain("Interrupted")
        return ExitCode.INTERRUPTED
    return int(code or 0)


def _forget_output() -> None:
    # Else Python complains when it writes the rest on exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

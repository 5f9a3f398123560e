"""The command ``stash ui``."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from ..error import PersistableError
from .exits import ExitCode, UsageError, complain
from .options import Json
from .output import print_json

__all__ = ["ui"]

ENVIRONMENT: Final = "ZENSOLS_PERSIST_UI_PASSWORD"
"""The environment variable with the password."""


def ui(
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[URL]...", help="The stores to show.", show_default=False
        ),
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Applications' states to show.", show_default=False
        ),
    ] = None,
    backups: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Where snapshots to show are.", show_default=False
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Allow to delete, restore and fork.")
    ] = False,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes any.", min=0)] = 8088,
    password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A file with the password.", show_default=False
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name by which browsers may call the panel.",
            show_default=False,
        ),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open a browser.")
    ] = True,
    as_json: Json = False,
) -> int:
    r"""Show stores, applications' states and backups in a browser.

    The panel listens on 127.0.0.1 and only shows, unless told otherwise. Other addresses
    need a password, which is taken from a file or from ZENSOLS_PERSIST_UI_PASSWORD. Values
    that are not signed with your key are not unpickled.

    \b
    Examples:
      stash ui dir:cache sqlite:work.db
      stash ui --states sqlite:states.db --write
      stash ui dir:cache --backups dir:backups --port 0 --no-open --json
      stash ui dir:cache --host 0.0.0.0 --password-file password.txt
    """
    from ..ui.panel import Panel
    from ..ui.password import Password
    from ..ui.server import serve

    if not (urls or states or backups):
        raise UsageError("Give the URL of a store, --states or --backups")

    def started(address: str) -> None:
        if as_json:
            print_json({"url": address, "write": write, "password": bool(password)})
        else:
            sys.stdout.write(f"The panel is at {address} (Ctrl-C ends it)\n")
        sys.stdout.flush()
        if open_browser and not webbrowser.open(address):
            complain(f"There is no browser here: open {address}")

    text = _read_password(password_file)
    try:
        password = None if text is None else Password(text)
        panel = Panel.open(urls or (), states or (), backups or (), write=write)
        serve(
            panel,
            host,
            port,
            password=password,
            allow_hosts=allow_host or (),
            started=started,
        )
    except PersistableError as e:
        raise UsageError(str(e)) from e
    return ExitCode.OK


def _read_password(path: Path | None) -> str | None:
    if path is None:
        return os.environ.get(ENVIRONMENT) or None
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as e:
        raise UsageError(f"Can't read the password from {path}: {e}") from e

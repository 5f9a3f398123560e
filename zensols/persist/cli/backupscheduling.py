"""The command ``stash backup schedule``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..error import PersistableError
from .backupduty import Duties
from .backupoptions import (
    Daily,
    Into,
    Keep,
    Monthly,
    NewName,
    OlderThan,
    Store,
    Weekly,
    keeping,
)
from .backuptaking import name_of, print_taken
from .exits import ExitCode, UsageError, complain
from .options import Json
from .progress import Bar
from .stores import is_there, open_store, require_two

if TYPE_CHECKING:
    from ..backup.due import Daily as TimeOfDay
    from ..domain import Stash

__all__ = ["schedule"]

_AGAIN: Final = 300
"""Seconds after which to look again in any case: the machine may have slept, its clock
been set, or what was due failed.
"""


def schedule(
    store: Store,
    into: Into,
    at: Annotated[
        str, typer.Option(metavar="TIME", help="The time of day, such as 03:00.")
    ] = "03:00",
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="Its time zone, such as Europe/Berlin; by default this machine's.",
            show_default=False,
        ),
    ] = None,
    name: NewName = None,
    keep: Keep = None,
    daily: Daily = None,
    weekly: Weekly = None,
    monthly: Monthly = None,
    older_than: OlderThan = None,
    once: Annotated[
        bool,
        typer.Option("--once", help="Take one if one is due, and end, as for cron."),
    ] = False,
    as_json: Json = False,
) -> int:
    r"""Take a snapshot of a store each day at a time, until Ctrl-C or SIGTERM.

    The first one is taken at once. One that was missed, since this didn't run, the machine
    slept or it failed, is taken as soon as it can be. If nothing has changed since the one
    before, that one stands for it. Several of these with the same stores don't get in each
    other's way. A line is printed for each; old ones are only deleted if an option says
    which.

    \b
    Examples:
      stash backup schedule dir:cache dir:backups --at 03:00 --keep 30
      stash backup schedule sqlite:cache.db s3://bucket/backups --daily 7 --weekly 4
      stash backup schedule dir:cache dir:backups --timezone Europe/Berlin --once
    """
    rule = keeping(keep, daily, weekly, monthly, older_than)
    time = _time_of_day(at, timezone)
    stash, target = open_store(store), open_store(into)
    require_two(stash, target, "STORE and INTO")
    service = _Service(
        stash, Duties(stash, target, name or name_of(stash), time, rule), as_json
    )
    return service.run() if once else service.serve()


def _time_of_day(at: str, timezone: str | None) -> TimeOfDay:
    from ..backup.due import parse_time

    try:
        return parse_time(at, timezone)
    except PersistableError as e:
        raise UsageError(str(e)) from e
    except ModuleNotFoundError as e:
        raise UsageError(
            "To tell this machine's time zone needs the extra backup: "
            "pip install 'zensols.persist[backup]', or give --timezone"
        ) from e


class _Service:
    def __init__(self, stash: Stash[Any], duties: Duties, as_json: bool) -> None:
        self._stash = stash
        self._duties = duties
        self._as_json = as_json
        self._is_working = False

    def run(self) -> ExitCode:
        """Take a snapshot if one is due."""
        if not is_there(self._stash):
            return ExitCode.FINDINGS
        self._is_working = True
        with Bar("Backing up", lambda: None) as bar:
            duty = self._duties.run_pending(bar.tell)
        self._is_working = False
        if duty is not None:
            print_taken(duty.taken, duty.unchanged, self._as_json)
            if duty.problem is not None:
                raise duty.problem
        return ExitCode.OK

    def serve(self) -> ExitCode:
        """Take one whenever one is due."""
        with _ended_by_sigterm():
            try:
                while True:
                    try:
                        self.run()
                    except (PersistableError, OSError) as e:
                        self._is_working = False
                        complain(e)
                    seconds = min(self._duties.seconds_left, _AGAIN)
                    threading.Event().wait(max(seconds, 0))
            except KeyboardInterrupt:
                if self._is_working:
                    raise
        return ExitCode.OK


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Have SIGTERM do what Ctrl-C does."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

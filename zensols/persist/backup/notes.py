"""What is kept beside backups about making them, so that other processes can tell how
that goes.

"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from ..error import PersistableError
from ..files import write_atomic
from .result import BackupResult

__all__ = [
    "SCHEDULE",
    "STATUS",
    "HandlerNotes",
    "Problem",
    "ScheduleNotes",
    "read_notes",
    "to_iso",
    "write_notes",
]

logger = logging.getLogger(__name__)

N = TypeVar("N")

STATUS: Final = ".status"
"""The file of a handler's notes."""

SCHEDULE: Final = ".schedule"
"""The file of a schedule's notes."""

_MAX_SIZE: Final = 1 << 24


@dataclass
class Problem:
    """Why a backup failed.

    >>> Problem("No space left on device", "2025-11-15T16:11:18+00:00").error
    'No space left on device'

    """

    error: str
    """What went wrong."""

    at: str
    """When it did, in ISO's format."""


@dataclass
class HandlerNotes:
    """What a handler tells others.  Use it in one thread at a time.

    >>> notes = HandlerNotes(interval=300)
    >>> notes.update([BackupResult.failed("users", OSError("no disk"))], at=0)
    >>> notes.errors["users"].at
    '1970-01-01T00:00:00.000+00:00'

    """

    interval: float = 0
    """Seconds from one backup of all caches to the next; 0 if there is none."""

    next_run: str | None = None
    """When the next one is, in ISO's format."""

    pid: int = 0
    """The process."""

    errors: dict[str, Problem] = field(default_factory=dict)
    """Of each cache, why its last backup failed, if it did."""

    def update(self, results: Iterable[BackupResult], at: float) -> None:
        """Take results in.

        :param results: the newest

        :param at: when that was, in seconds since 1970

        """
        for result in results:
            if result.error is None:
                self.errors.pop(result.cache_name, None)
            else:
                self.errors[result.cache_name] = Problem(result.error, to_iso(at))


@dataclass
class ScheduleNotes:
    """What a schedule remembers.

    >>> ScheduleNotes().last_run

    """

    time: str = ""
    """The time of day."""

    since: str | None = None
    """Since when there is a schedule, in ISO's format as all times here."""

    last_run: str | None = None
    """When it last succeeded, whether or not anything had changed."""

    done: dict[str, str] = field(default_factory=dict)
    """When each part was last backed up."""

    next_run: str | None = None
    """When the next backup is due."""

    problem: Problem | None = None
    """Why the last one failed, if it did."""


def to_iso(seconds: float) -> str:
    """Return a time in ISO's format and UTC, to the millisecond.

    :param seconds: since 1970

    >>> to_iso(0)
    '1970-01-01T00:00:00.000+00:00'

    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def write_notes(folder: str, name: str, notes: object) -> None:
    """Write notes, if they can be: on a full disk they can't.

    :param folder: where

    :param name: of the file

    :param notes: a dataclass

    """
    from msgspec.json import encode
    from msgspec.json import format as lay_out

    try:
        write_atomic(os.path.join(folder, name), [lay_out(encode(notes)) + b"\n"])
    except OSError as e:
        logger.warning("Can't note in '%s' how backups go: %s", folder, e)


def read_notes(folder: str, name: str, kind: type[N]) -> N | None:
    """Return notes, or None if there are none that can be read.

    :param folder: where

    :param name: of the file

    :param kind: the dataclass

    >>> read_notes("no/such/folder", ".status", HandlerNotes)

    """
    from msgspec import DecodeError
    from msgspec.json import decode

    from .folder import read_limited

    with suppress(PersistableError, DecodeError, RecursionError):
        return decode(read_limited(os.path.join(folder, name), _MAX_SIZE), type=kind)
    return None

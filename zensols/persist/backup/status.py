"""How backups are doing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .archive import ModuleArchive
from .dated import DatedFile, Part
from .folder import BackupFolder
from .handler import default_folder
from .notes import (
    SCHEDULE,
    STATUS,
    HandlerNotes,
    Problem,
    ScheduleNotes,
    read_notes,
    to_iso,
)

__all__ = ["backup_status"]


def backup_status(
    backup_dir: str | os.PathLike[str] | None = None,
    *,
    max_size: int = 1 << 30,
    clock: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Return how the backups in a folder are doing, those of a handler and those of a
    schedule, whichever process makes them.  Backups are read until a good one is found,
    but nothing in them is run.

    :param backup_dir: the folder; by default that of :class:`.PersistenceHandler`

    :param max_size: the most bytes of a file that is read

    :param clock: tells the time in seconds since 1970

    :return: what JSON can hold: ``caches`` has for each cache (and ``modules``, for the
             states of modules) the ``newest`` good backup, when it was ``modified``,
             its ``age`` in seconds, its ``size`` and the ``total_size`` of all of them
             in bytes, their ``count``, the ``damaged`` ones that are newer, and the
             ``last_error``; for all of them there are ``age`` (that of the cache
             where it is greatest), ``size``, ``count``, ``last_error``, ``next_run``
             and ``last_run`` (of a schedule)

    :raises PersistableError: if the folder can't be read

    >>> import json, tempfile
    >>> from zensols.persist.backup import CacheStore, PersistenceHandler
    >>> handler = PersistenceHandler(tempfile.mkdtemp(), 0, CacheStore())
    >>> handler.backup_all()["default"] == True
    True
    >>> status = backup_status(handler.backup_dir)
    >>> status["count"], status["last_error"], 0 <= status["age"] < 3600
    (1, None, True)
    >>> text = json.dumps(status)

    """
    path = str(Path(backup_dir or default_folder()).expanduser().absolute())
    folder = BackupFolder(path, max_size=max_size)
    handled = read_notes(path, STATUS, HandlerNotes) or HandlerNotes()
    scheduled = read_notes(path, SCHEDULE, ScheduleNotes) or ScheduleNotes()
    modules = ModuleArchive(folder, "", max_size)
    now = clock()
    caches = {
        part.name: _part_status(part, is_good, now)
        for archive in (folder, modules)
        for part, is_good in ((p, archive.is_good) for p in archive.parts())
    }
    for name, problem in handled.errors.items():
        caches.setdefault(name, _part_status(Part(name, ()), bool, now))
        caches[name]["last_error"] = asdict(problem)
    problems = [*handled.errors.values(), *filter(None, [scheduled.problem])]
    ages = [cache["age"] for cache in caches.values()]
    return {
        "folder": path,
        "count": sum(cache["count"] for cache in caches.values()),
        "size": sum(cache["total_size"] for cache in caches.values()),
        "age": None if None in ages else max(ages, default=None),
        "last_error": _newest(problems),
        "next_run": min(
            filter(None, [handled.next_run, scheduled.next_run]), default=None
        ),
        "last_run": scheduled.last_run,
        "caches": caches,
    }


def _part_status(
    part: Part, is_good: Callable[[DatedFile], bool], now: float
) -> dict[str, Any]:
    damaged = []
    newest = None
    for file in part.files:
        if is_good(file):
            newest = file
            break
        damaged.append(file.path)
    return {
        "newest": None if newest is None else newest.path,
        "modified": None if newest is None else to_iso(newest.modified),
        # A clock that was set back is no reason for a negative one.
        "age": None if newest is None else max(0.0, now - newest.modified),
        "size": 0 if newest is None else newest.size,
        "total_size": sum(file.size for file in part.files),
        "count": len(part.files),
        "damaged": damaged,
        "last_error": None,
    }


def _newest(problems: Sequence[Problem]) -> dict[str, str] | None:
    newest = max(problems, key=lambda problem: problem.at, default=None)
    return None if newest is None else asdict(newest)

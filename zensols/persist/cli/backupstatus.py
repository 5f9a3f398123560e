"""The command ``stash backup status``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..domain import Stash
from ..stash.wording import age_text, escape, size_text
from .ages import parse_age
from .backupduty import Note, read_notes
from .backupfiles import folder_of
from .backupoptions import Into
from .backupstores import damaged_ids, shown, time_text
from .exits import ExitCode, complain
from .options import Json
from .output import Column, print_json, print_rows
from .stores import open_existing

if TYPE_CHECKING:
    from ..backup import Snapshot

__all__ = ["status"]

_COLUMNS: Final = (
    Column("name"),
    Column("newest"),
    Column("age", age_text, lambda age: f"{age:.0f}", right=True),
    Column("size", size_text, right=True),
    Column("count", right=True),
    Column("next_run", time_text),
    Column("error"),
)


def status(
    into: Into,
    max_age: Annotated[
        str | None,
        typer.Option(
            metavar="AGE",
            help="Find fault with what is older, such as 26h.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    r"""Tell how backups are doing, for monitoring.

    That is the newest good backup of each store, the time since it was taken or schedule
    found that nothing had changed, its size, how many there are, and of schedule when it
    is due next and why it failed last. The exit code is 1 if there is none, one is damaged
    or too old, or the last one failed. Snapshots aren't read for that: verify does. If INTO
    is a folder in which PersistenceHandler or BackupSchedule keep their files, these are
    checked. With --json, all of it is one object.

    \b
    Examples:
      stash backup status dir:backups --max-age 26h
      stash backup status s3://bucket/backups --json | jq .age
    """
    oldest = None if max_age is None else parse_age(max_age).total_seconds()
    data = _collect(open_existing(into), shown(into))
    if as_json:
        print_json(data)
    else:
        print_rows(_rows(data), _COLUMNS)
    faults = list(_faults(data, oldest))
    for fault in faults:
        complain(fault)
    return ExitCode.FINDINGS if faults else ExitCode.OK


def _collect(stash: Stash[Any], url: str) -> dict[str, Any]:
    """Return what ``backup_status`` tells of a folder, of snapshots, too."""
    from ..backup import backup_status, snapshots

    found = snapshots(stash)
    notes = read_notes(stash)
    names = dict.fromkeys([*(taken.name for taken in found), *notes])
    caches = {
        name: _of_snapshots([t for t in found if t.name == name], notes.get(name))
        for name in names
    }
    folder = folder_of(stash)
    if folder is not None:
        files = backup_status(folder)
        for name, cache in files["caches"].items():
            when = {"next_run": files["next_run"], "last_run": files["last_run"]}
            caches[f"{name} (files)" if name in caches else name] = cache | when
    errors = [cache["last_error"] for cache in caches.values() if cache["last_error"]]
    ages = [cache["age"] for cache in caches.values()]
    return {
        "folder": url,
        "count": sum(cache["count"] for cache in caches.values()),
        "size": sum(cache["total_size"] for cache in caches.values()),
        "age": None if None in ages else max(ages, default=None),
        "last_error": max(errors, key=lambda error: str(error["at"]), default=None),
        "next_run": min(_told(caches, "next_run"), default=None),
        "last_run": max(_told(caches, "last_run"), default=None),
        "damaged": damaged_ids(stash, found),
        "caches": caches,
    }


def _told(caches: dict[str, dict[str, Any]], what: str) -> list[str]:
    return [cache[what] for cache in caches.values() if cache[what]]


def _of_snapshots(found: list[Snapshot], note: Note | None) -> dict[str, Any]:
    note = note or Note()
    newest = found[0] if found else None
    seen = newest and newest.created
    if newest is not None and note.ran and note.newest == newest.id:
        # Nothing had changed then.
        seen = note.ran
    age = seen and max(0.0, (datetime.now(UTC) - seen).total_seconds())
    return {
        "newest": newest and newest.id,
        "modified": newest and newest.created.isoformat(),
        "age": age,
        "size": newest.size if newest else 0,
        "total_size": sum(taken.written for taken in found),
        "count": len(found),
        "damaged": [],
        "last_error": {"error": note.error, "at": note.at} if note.error else None,
        "next_run": note.next_run,
        "last_run": note.last_run,
    }


def _rows(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, cache in data["caches"].items():
        error = cache["last_error"]
        yield {"name": name, **cache, "error": error and error["error"]}


def _faults(data: dict[str, Any], oldest: float | None) -> Iterator[str]:
    if not data["caches"]:
        yield f"No backup in {data['folder']}"
    for damaged in data["damaged"]:
        yield f"Damaged: {damaged}"
    for name, cache in data["caches"].items():
        of = escape(name)
        if cache["age"] is None:
            yield f"No good backup of {of}"
        elif oldest is not None and cache["age"] > oldest:
            yield f"The newest backup of {of} is {age_text(cache['age'])} old"
        for damaged in cache["damaged"]:
            yield f"Damaged: {escape(damaged)}"
        if cache["last_error"]:
            error = escape(cache["last_error"]["error"])
            yield f"The last backup of {of} failed: {error}"

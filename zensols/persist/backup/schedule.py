"""Backups at a time of day."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ..codec.tagged import Tagger
from ..domain import Stash
from ..error import PersistableError
from ..files import data_home
from .archive import Archive, CacheArchive, ModuleArchive
from .dated import DatedFile, DatedFolder, Durability, Part
from .document import STAMP
from .due import parse_time
from .folder import BackupFolder
from .notes import SCHEDULE, Problem, ScheduleNotes, read_notes, write_notes
from .retention import Count, Retention, Tiers, expired
from .store import CacheStore
from .timer import Timer

__all__ = ["BackupSchedule"]

logger = logging.getLogger(__name__)

_DAY: Final = dt.timedelta(days=1)
_STAMP: Final = re.compile(r"_([0-9]{8}_[0-9]{6})(?:_[0-9]+)?\.json\Z")


class BackupSchedule:
    """Makes a backup each day at a time of day.  If that time passes while the program
    doesn't run or the machine sleeps, or the backup fails, it is made as soon as it can
    be; and never twice, however many processes have a schedule for one folder.

    By default that is a file with the states of all persistent modules, which
    ``import_all`` restores.  Of a :class:`.CacheStore`, it is a file for each cache, as
    :class:`.PersistenceHandler` writes it.  What is the same as in the newest backup is
    not backed up again.  Old backups are removed, but never the newest good one.

    Needs the extra ``backup``.  Safe to use from several threads and processes.

    >>> import tempfile
    >>> store = CacheStore()
    >>> store.create_cache("users")["user:1"] = "alice@example.com"
    >>> with BackupSchedule("03:00", tempfile.mkdtemp(), 7, source=store) as schedule:
    ...     print(schedule.next_run.time())
    ...     [Path(file).name[:14] for file in schedule.run()]
    03:00:00
    ['cache_users_20', 'default_store_']

    """

    def __init__(
        self,
        time: str | dt.time | tuple[int, ...],
        path: str | os.PathLike[str],
        backup_count: int | None = None,
        *,
        keep: Retention | None = None,
        source: CacheStore | Stash[Any] | str | os.PathLike[str] | None = None,
        timezone: str | dt.tzinfo | None = None,
        types: Iterable[type] = (),
        durability: Durability = "process",
        max_size: int = 1 << 30,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        start: bool = True,
    ) -> None:
        """
        :param time: when: ``"03:00"``, ``(3, 0)`` or a :class:`datetime.time`

        :param path: the folder of the backups, made when the first is written

        :param backup_count: how many to keep, of each cache

        :param keep: which to keep instead, by default :class:`.Tiers`: of 7 days, 4
                     weeks and 12 months

        :param source: what to back up: a store of caches, a stash (as the cache
                       ``stash``), or the folder of the files of persistent modules,
                       which is :func:`.data_home` by default

        :param timezone: of ``time``; by default the system's

        :param types: classes of values, as of :class:`.JsonCodec`

        :param durability: ``fsync`` has backups outlive a loss of power

        :param max_size: the most bytes of a file that is read

        :param clock: tells the time, aware of its zone

        :param start: whether to begin at once, in a thread; :meth:`start` does later

        :raises PersistableError: if the time is none, both ``backup_count`` and
                                  ``keep`` are given, the folder is that of the
                                  modules, or the extra is missing

        """
        if backup_count is not None and keep is not None:
            raise PersistableError("Give either backup_count or keep, not both")
        self.path = Path(path).expanduser().absolute()
        self._timer = Timer(self._check)
        self._daily = parse_time(time, timezone)
        self._keep = keep or (Tiers() if backup_count is None else Count(backup_count))
        self._clock = clock
        self._archive = _archive(
            source, str(self.path), Tagger(types), durability, max_size
        )
        if start:
            self.start()

    def start(self) -> None:
        """Make backups from now on, and any that is due at once.  Doing so twice is
        harmless.

        """
        self._timer.start(self._daily)

    def stop(self) -> None:
        """Make no more backups, and wait until one that is being made is.  Doing so
        twice is harmless.

        """
        self._timer.stop()

    @property
    def next_run(self) -> dt.datetime:
        """When the next backup is due, in the time zone of the schedule."""
        return self._daily.after(self._clock())

    def list_backups(self) -> list[str]:
        """Return the files of the backups, the newest first.

        :raises PersistableError: if the folder can't be read

        """
        files = [file for part in self._archive.parts() for file in part.files]
        files.sort(key=lambda file: file.modified_ns, reverse=True)
        return [file.path for file in files]

    def run(self) -> list[str]:
        """Make a backup now, and remove old ones.

        :return: the files that were written: none of what hasn't changed

        :raises PersistableError: if anything can't be backed up; all else is

        """
        with self._archive.folder.lock():
            return self._run(self._archive.names(), self._notes())

    def run_pending(self) -> bool:
        """Make a backup if one is due, and remove old ones.

        :return: whether one was due

        :raises PersistableError: if anything can't be backed up; all else is, and it
                                  stays due

        """
        with self._archive.folder.lock():
            now = self._now()
            notes = self._notes()
            due = self._daily.until(now)
            if notes.since is None:
                # There was no schedule that could have missed anything.
                notes.since = now.isoformat()
                self._write(notes)
                return False
            if _is_since(notes.since, due, now) or _is_since(notes.last_run, due, now):
                return False
            # Where some failed, the others are not made again.
            done = notes.done
            names = self._archive.names()
            left = [n for n in names if not _is_since(done.get(n), due, now)]
            self._run(left, notes)
            return True

    def _run(self, names: Iterable[str], notes: ScheduleNotes) -> list[str]:
        now = self._now()
        local = now.astimezone(self._daily.zone)
        written = []
        errors = []
        for name in names:
            try:
                file = self._archive.back_up(name, local)
            except Exception as e:  # noqa: BLE001  stashes raise what they like
                errors.append(e)
            else:
                written += [] if file is None else [file.path]
                notes.done[name] = now.isoformat()
        try:
            self._remove_old()
        except PersistableError as e:
            errors.append(e)
        notes.since = notes.since or now.isoformat()
        notes.problem = None
        if errors:
            what = "; ".join(map(str, errors))
            notes.problem = Problem(what, now.isoformat())
            self._write(notes)
            raise PersistableError(
                f"Can't back all up to '{self.path}': {what}"
            ) from errors[0]
        notes.last_run = now.isoformat()
        self._write(notes)
        return written

    def _now(self) -> dt.datetime:
        return self._clock().astimezone(dt.UTC)

    def _remove_old(self) -> None:
        now = self._now().astimezone(self._daily.zone).replace(tzinfo=None)
        for part in self._archive.parts():
            made = list(_made(part, now))
            old = expired(made, self._keep, self._archive.is_good)
            self._archive.folder.remove(file.path for file in old)

    def _notes(self) -> ScheduleNotes:
        return read_notes(str(self.path), SCHEDULE, ScheduleNotes) or ScheduleNotes()

    def _write(self, notes: ScheduleNotes) -> None:
        notes.time = str(self._daily)
        notes.next_run = self.next_run.astimezone(dt.UTC).isoformat()
        write_notes(str(self.path), SCHEDULE, notes)

    def _check(self) -> None:
        try:
            self.run_pending()
        except Exception:  # it is tried again
            logger.exception("Can't make the backup that is due in '%s'", self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _archive(
    source: CacheStore | Stash[Any] | str | os.PathLike[str] | None,
    path: str,
    tagger: Tagger,
    durability: Durability,
    max_size: int,
) -> Archive:
    if source is None or isinstance(source, str | os.PathLike):
        folder = os.fspath(data_home() if source is None else source)
        if os.path.realpath(folder) == os.path.realpath(path):
            raise PersistableError(
                f"Can't keep backups in '{path}', among the files that are backed up: "
                "choose another folder"
            )
        return ModuleArchive(DatedFolder(path, durability), folder, max_size)
    if isinstance(source, Stash):
        stash, source = source, CacheStore()
        source.create_cache("stash", stash=stash)
    backups = BackupFolder(
        path, tagger=tagger, durability=durability, max_size=max_size
    )
    return CacheArchive(backups, source, tagger)


def _made(part: Part, now: dt.datetime) -> Iterator[tuple[DatedFile, dt.datetime]]:
    """Return when backups were made, in the order of their files: what is named after
    a time to come, a wrong clock has named.

    """
    newer = now
    for file in part.files:
        match = _STAMP.search(file.path)
        # Digits that people wrote may be no time.
        with suppress(ValueError):
            if match is not None:
                newer = min(newer, dt.datetime.strptime(match[1], STAMP))  # noqa: DTZ007  that of the schedule
        yield file, newer


def _is_since(text: str | None, due: dt.datetime, now: dt.datetime) -> bool:
    """Return whether a time that was noted is not before another.  What is noted of
    days to come, a wrong clock has told.

    """
    try:
        return text is not None and due <= dt.datetime.fromisoformat(text) <= now + _DAY
    except (TypeError, ValueError):
        return False

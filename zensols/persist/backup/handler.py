"""Backs the caches of a store up, and restores them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..codec.tagged import Tagger
from ..error import CorruptDataError, PersistableError
from ..files import data_home
from .contents import take
from .dated import Durability
from .folder import BackupFolder
from .lifetime import begin, end
from .notes import STATUS, HandlerNotes, to_iso, write_notes
from .pace import Pace
from .recovery import Recovery
from .result import BackupResult
from .store import DEFAULT, CacheStore
from .ticker import SYSTEM, Clock, Ticker

__all__ = ["PersistenceHandler", "default_folder"]

logger = logging.getLogger(__name__)


def default_folder() -> Path:
    """Return the folder that backups are in by default: ``cache_backup`` in
    :func:`.data_home`.

    >>> default_folder().name
    'cache_backup'

    """
    return data_home() / "cache_backup"


class PersistenceHandler:
    """Backs the caches of a store up: each to a JSON file that people can read, when
    asked, at regular intervals, and once more at the end of the program or by
    :meth:`stop`.

    A cache that can't be backed up doesn't keep the others from it, and a backup that
    was asked for is always made.  Values come back as they were, types and all, see
    :class:`.JsonCodec`; what JSON can't hold is refused with the path to it.  Those of
    expiring caches keep the time that they have left.

    Of several handlers that a process makes for one store and folder, only the newest
    goes on by itself.  A child that is forked doesn't.

    Safe to use from several threads, and in several processes with one folder; caches
    can be written to meanwhile.

    >>> import tempfile
    >>> store = CacheStore()
    >>> store.create_cache("users")["user:1"] = "alice@example.com"
    >>> with PersistenceHandler(tempfile.mkdtemp(), 0, store) as handler:
    ...     print(sum(handler.backup_all().values()), "caches")
    ...     store.delete_cache("users")
    ...     handler.restore_cache(handler.list_backups("users")[0]["filepath"])
    2 caches
    'users'
    >>> dict(store["users"])
    {'user:1': 'alice@example.com'}

    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str] | None = None,
        auto_backup_interval: float | None = 300,
        store: CacheStore | None = None,
        *,
        types: Iterable[type] = (),
        durability: Durability = "process",
        max_size: int = 1 << 30,
        clock: Clock = SYSTEM,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """
        :param backup_dir: the folder of the files, made when the first is written; by
                           default :func:`default_folder`

        :param auto_backup_interval: seconds from one backup of all caches to the next;
                                     with 0 or None there are none but those that are
                                     asked for, and none at the end of the program

        :param store: the caches; a new store by default

        :param types: classes of values, as of :class:`.JsonCodec`

        :param durability: ``fsync`` has backups outlive a loss of power

        :param max_size: the most bytes of a file that is restored

        :param clock: tells when an interval is over

        :param wall_clock: tells the time that backups are named after, in seconds
                           since 1970

        :raises PersistableError: if the interval is negative, or restoring a cache was
                                  cut off and can't be finished

        """
        interval = auto_backup_interval or 0
        if not 0 <= interval < float("inf"):
            raise PersistableError(
                f"auto_backup_interval is {auto_backup_interval}: give positive "
                "seconds, or 0 for no automatic backups"
            )
        self.backup_dir = Path(backup_dir or default_folder()).expanduser().absolute()
        self.auto_backup_interval = interval
        self.store = CacheStore() if store is None else store
        self._wall_clock = wall_clock
        self._stopped = False
        tagger = Tagger(types)
        self._folder = BackupFolder(
            str(self.backup_dir),
            tagger=tagger,
            durability=durability,
            max_size=max_size,
        )
        self._recovery = Recovery(self.store, self._folder, tagger)
        self._recovery.finish_all()
        self._notes = HandlerNotes(interval=interval, pid=os.getpid())
        self._ticker: Ticker | None = None
        if interval:
            self._ticker = Ticker(interval, self.backup_all, clock)
            begin((os.path.realpath(self.backup_dir), id(self.store)), self)
            self._ticker.start()

    def backup_cache(self, cache_name: str) -> BackupResult:
        """Back one cache up.

        :param cache_name: its name, ``default`` for the default one

        :return: is true if that succeeded; tells the file, or why not

        """
        return self._back_up([cache_name])[cache_name]

    def backup_all(self) -> dict[str, BackupResult]:
        """Back all caches up, the default one included.

        :return: for each name of a cache, what :meth:`backup_cache` returns

        """
        results = self._back_up([*self.store.list_caches(), DEFAULT])
        logger.info(
            "Backup completed: %d/%d successful", sum(results.values()), len(results)
        )
        return results

    def _back_up(self, names: list[str]) -> dict[str, BackupResult]:
        try:
            with self._folder.lock():
                results = {}
                pace = Pace()
                for name in names:
                    results[name] = self._back_up_one(name)
                    if not self._stopped:
                        # The program may have little time to end.
                        pace.rest()
                self._note(results.values())
        except PersistableError as e:
            results = {name: _failed(name, e) for name in names}
        return results

    def _back_up_one(self, name: str) -> BackupResult:
        try:
            stash = self.store[name]
            self._recovery.finish(name)
            document = take(name, stash, _local(self._wall_clock()))
            file = self._folder.write(document)
        except Exception as e:  # noqa: BLE001  stashes raise what they like
            return _failed(name, e)
        return BackupResult.made(name, file.path, len(document.items), file.size)

    def _note(self, results: Iterable[BackupResult]) -> None:
        ticker, now = self._ticker, self._wall_clock()
        left = None if ticker is None else ticker.seconds_left
        self._notes.next_run = None if left is None else to_iso(now + left)
        self._notes.update(results, now)
        write_notes(str(self.backup_dir), STATUS, self._notes)

    def list_backups(self, cache_name: str | None = None) -> list[dict[str, Any]]:
        """Return what backups there are, the newest first.

        :param cache_name: only those of this cache

        :return: of each its ``filename``, ``filepath``, ``size`` in bytes, ``modified``
                 (in ISO's format, local time) and ``cache_name``

        :raises PersistableError: if the folder can't be read

        """
        return [
            {
                "filename": os.path.basename(file.path),
                "filepath": file.path,
                "size": file.size,
                "modified": _local(file.modified).isoformat(),
                "cache_name": name,
            }
            for name, file in self._folder.files(cache_name)
        ]

    def restore_cache(self, filepath: str | os.PathLike[str]) -> str:
        """Put what is in a backup into the cache that it is of, which is made if there
        is none.  What else is in that cache is removed.

        :param filepath: the file

        :return: the cache's name

        :raises CorruptDataError: if it is damaged, or no backup of a cache

        :raises PersistableError: if it can't be read or stored; the cache is as it
                                  was then

        """
        path = os.path.abspath(os.path.expanduser(filepath))
        try:
            document = self._folder.read(path)
        except CorruptDataError as e:
            if older := self._folder.older_good(path):
                raise CorruptDataError(f"{e}; an older one is '{older.path}'") from e
            raise
        self._recovery.restore(document)
        return document.cache_name

    def cleanup_old_backups(self, days: float = 30) -> int:
        """Remove backups whose files were modified long ago, but not the newest good
        one of a cache.

        :param days: how many days ago

        :return: how many were removed

        :raises PersistableError: if the number is negative, or some can't be removed

        """
        if not days >= 0:
            raise PersistableError(
                f"Can't remove what is {days} days old: give 0 or more"
            )
        return self._folder.remove_older(self._wall_clock() - days * 86400)

    def retire(self) -> None:
        """End automatic backups, as another handler makes them from now on."""
        if self._ticker is not None:
            self._ticker.stop()

    def stop(self, *, final_backup: bool = True) -> None:
        """End automatic backups.  Doing so twice is harmless.

        :param final_backup: whether to back all caches up once more

        """
        stopped, self._stopped = self._stopped, True
        end(self)
        self.retire()
        if final_backup and not stopped:
            self.backup_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _failed(name: str, error: Exception) -> BackupResult:
    logger.error("Can't back up cache %r: %s", name, error)
    return BackupResult.failed(name, error)


def _local(seconds: float) -> datetime:
    """Return a time as people here have it, without a zone."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().replace(tzinfo=None)

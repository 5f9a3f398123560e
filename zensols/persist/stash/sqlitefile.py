"""Opening a SQLite file, and saying what is wrong with it."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ..error import (
    CorruptDataError,
    LockTimeoutError,
    PersistableError,
    StoreUnavailableError,
)
from ..files import make_folder, on_network, path_lock, work_lock_path

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = ["SqliteFile", "seconds"]

_MOST_SECONDS: Final = (2**31 - 1) / 1000

_LOG_LIMIT: Final = 1 << 24
"""Bytes that the write-ahead log may keep on the disk when nothing is in it."""

_CACHE: Final = 8000
"""KiB of memory for each connection.  The keys of a million entries take 20 MB."""

_LOCKED: Final = frozenset(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"))
_DAMAGED: Final = frozenset(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


class SqliteFile:
    """A SQLite file, which need not exist, with one table of ours or more.

    Safe to use from many threads and processes at once.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "data.db")
    >>> file = SqliteFile(path, "CREATE TABLE IF NOT EXISTS t (n)", 60, "NORMAL")
    >>> connection = file.connect()
    >>> connection.execute("PRAGMA journal_mode").fetchall()
    [('wal',)]
    >>> connection.close()

    """

    def __init__(
        self, path: str, schema: str, timeout: float, synchronous: str
    ) -> None:
        """
        :param path: the absolute path of the file

        :param schema: a statement that makes the table, if there is none

        :param timeout: how many seconds to wait for others that write

        :param synchronous: ``NORMAL``, or ``FULL`` to wait on each commit until
                            it would survive a loss of power

        """
        self.path = path
        self.timeout = timeout
        self._schema = schema
        self._synchronous = synchronous

    def connect(self) -> Connection:
        """Return a new connection that any thread may use, one at a time.  The
        file, the folder and the table are made if need be.

        :raises StoreUnavailableError: if others keep the database locked

        :raises CorruptDataError: if the file is damaged, or no database

        :raises PersistableError: if it can't be opened for another reason

        """
        import sqlite3

        try:
            journal = "wal" if self._prepare() else "delete"
            connection = sqlite3.connect(
                self.path,
                timeout=min(self.timeout, _MOST_SECONDS),
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._set_up(connection, journal)
            except BaseException:
                connection.close()
                raise
        except (LockTimeoutError, sqlite3.Error) as e:
            raise self.translate(e) or e from e
        except OSError as e:
            raise PersistableError(
                f"Can't make database '{self.path}': {e.strerror or e}"
            ) from e
        return connection

    def _prepare(self) -> bool:
        """Make the file if there is none, and return whether it can have a
        write-ahead log.

        """
        folder = os.path.dirname(self.path)
        make_folder(folder)
        if not os.path.exists(self.path):
            self._make()
        local = not on_network(os.stat(folder).st_dev)
        if not local:
            warnings.warn(
                f"Database '{self.path}' is on a network file system, where a "
                "write-ahead log would be damaged: using SQLite's older journal, "
                "which is slower and relies on that file system's locks; better use "
                "a local disk or a database server",
                RuntimeWarning,
                stacklevel=2,
            )
        return local

    def _make(self) -> None:
        # Only if new: to close a file frees the locks that SQLite has on it.  Who
        # finds the file meanwhile waits for this lock before setting it up.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        lock = path_lock(work_lock_path(self.path), self.timeout)
        with lock, suppress(FileExistsError):
            os.close(os.open(self.path, flags, 0o600))

    def _set_up(self, connection: Connection, journal: str) -> None:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != journal:
            # SQLite doesn't wait here for another one that does the same.
            with path_lock(work_lock_path(self.path), self.timeout):
                connection.execute(f"PRAGMA journal_mode = {journal}").fetchall()
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT}").fetchall()
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        connection.execute(self._schema)

    def translate(self, error: BaseException) -> PersistableError | None:
        """Return the error to raise for one of :mod:`sqlite3`, or None for others.

        :param error: what a statement raised, or waiting to set up the file

        """
        import sqlite3

        if not isinstance(error, LockTimeoutError | OverflowError | sqlite3.Error):
            return None
        # Python raises some itself, which have no code.
        code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        if code in _LOCKED or isinstance(error, LockTimeoutError):
            return StoreUnavailableError(
                f"Database '{self.path}' was locked for more than {self.timeout} "
                "seconds: see which program has a transaction open, or use a longer "
                "timeout"
            )
        if code in _DAMAGED:
            return CorruptDataError(
                f"Damaged database '{self.path}': {error}; restore it from a backup "
                "or remove it"
            )
        return PersistableError(f"Can't use database '{self.path}': {error}")


def seconds(value: float | str) -> float:
    """Return how many seconds to wait for others that write.

    :param value: the number, or its text

    :raises ValueError: if it can't be waited that long

    >>> seconds("2.5")
    2.5

    """
    number = float(value)
    if not 0 <= number < float("inf"):
        raise ValueError(f"timeout {value!r}: give a number of seconds")
    return number

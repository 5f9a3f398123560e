"""Connections to a SQLite file, for all threads of a process and across forks."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet, finalize

from ..error import CorruptDataError, PersistableError, StoreUnavailableError
from ..files import make_folder, on_network, path_lock, work_lock_path

if TYPE_CHECKING:
    from sqlite3 import Cursor

__all__ = ["SqlitePool"]

_POLL: Final = 0.001
"""Seconds between looks at whether other threads are done, before a fork."""

_MOST_MILLISECONDS: Final = 2**31 - 1

_LOG_LIMIT: Final = 1 << 24
"""Bytes that the write-ahead log may keep on the disk when nothing is in it."""

_LOCKED: Final = frozenset(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"))
_DAMAGED: Final = frozenset(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


class SqlitePool:
    """Runs statements on a SQLite file.  Each runs on a connection that no other
    thread is using; there are as many as threads have ever run one at once.

    SQLite's locks belong to the process, and it keeps account of them in memory
    for all its connections to a file.  In a forked child, that account is wrong,
    even for connections of the child's own: what it writes can be lost.  So all
    connections are closed before a fork, and opened again when needed.

    Safe to use from many threads and processes at once.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "data.db")
    >>> pool = SqlitePool(path, "CREATE TABLE IF NOT EXISTS t (n)", 60, "NORMAL")
    >>> pool.run("SELECT n FROM t"), os.path.exists(path)
    ([], False)
    >>> pool.run_many("INSERT INTO t VALUES (?)", [(1,), (2,)])
    >>> pool.run("SELECT n FROM t")
    [(1,), (2,)]
    >>> pool.close()

    """

    def __init__(
        self, path: str, schema: str, timeout: float, synchronous: str
    ) -> None:
        """
        :param path: the file, made when first written to

        :param schema: a statement that makes the table, if there is none

        :param timeout: how many seconds to wait for others that write

        :param synchronous: ``NORMAL``, or ``FULL`` to wait on each commit until
                            it would survive a loss of power

        """
        self._path = path
        self._schema = schema
        self._timeout = timeout
        self._synchronous = synchronous
        self._idle: deque[Cursor] = deque()
        self._all: set[Cursor] = set()
        self._opening = threading.Lock()
        # Whether connections are closed once they are idle.
        self._closing = False
        finalize(self, _close_all, self._idle)
        _forks.add(self)

    def run(
        self, statement: str, parameters: Sequence[Any] = (), create: bool = False
    ) -> list[Any]:
        """Run a statement and return its rows.

        :param statement: the SQL

        :param parameters: what to put in for its question marks

        :param create: whether to make the file if there is none; otherwise, there
                       are no rows

        :raises StoreUnavailableError: if others keep the database locked

        :raises CorruptDataError: if the file is damaged, or no database

        :raises PersistableError: if the statement fails for another reason

        """
        try:
            cursor = self._idle.pop()
        except IndexError:
            if not (create or os.path.exists(self._path)):
                return []
            cursor = self._open()
        try:
            rows = cursor.execute(statement, parameters).fetchall()
        except BaseException as e:
            raise self._drop(cursor, e) from e
        self._idle.append(cursor)
        if self._closing:
            self._close_idle()
        return rows

    def run_many(
        self, statement: str, rows: Sequence[Sequence[Any]], create: bool = True
    ) -> None:
        """Run a statement for each of many rows, in one transaction.

        :param statement: the SQL

        :param rows: what to put in for its question marks, each time

        :param create: whether to make the file if there is none; otherwise,
                       nothing is done

        :raises PersistableError: as :meth:`run` does; nothing has changed then

        """
        try:
            cursor = self._idle.pop()
        except IndexError:
            if not (create or os.path.exists(self._path)):
                return
            cursor = self._open()
        try:
            # Not deferred, as a transaction that turns from reading to writing
            # fails at once where another one has written meanwhile.
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(statement, rows)
            cursor.execute("COMMIT")
        except BaseException as e:
            raise self._drop(cursor, e) from e
        self._idle.append(cursor)
        if self._closing:
            self._close_idle()

    def close(self) -> None:
        """Close all connections: the idle ones now, the others as soon as what
        they run is done.

        """
        self._closing = True
        self._close_idle()

    def _close_idle(self) -> None:
        # Who returns a connection looks afterwards whether to close it, and who
        # wants it closed says so before looking: one of them finds it.
        while True:
            try:
                cursor = self._idle.pop()
            except IndexError:
                return
            self._close(cursor)

    def _close(self, cursor: Cursor) -> None:
        cursor.connection.close()
        self._all.discard(cursor)

    def _drop(self, cursor: Cursor, error: BaseException) -> BaseException:
        """Close a connection, which rolls back, and return what to raise."""
        try:
            self._close(cursor)
        except Exception:  # noqa: BLE001  the first error tells more
            pass
        return self._translate(error)

    def _translate(self, error: BaseException) -> BaseException:
        import sqlite3

        if isinstance(error, OverflowError):
            return PersistableError(f"Can't store in '{self._path}': {error}")
        if not isinstance(error, sqlite3.Error):
            return error
        # Python raises some itself, which have no code.
        code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        if code in _LOCKED:
            return StoreUnavailableError(
                f"Database '{self._path}' was locked for more than {self._timeout} "
                "seconds: see which program has a transaction open, or use a longer "
                "timeout"
            )
        if code in _DAMAGED:
            return CorruptDataError(
                f"Damaged database '{self._path}': {error}; restore it from a backup "
                "or remove it"
            )
        return PersistableError(
            f"Can't use database '{self._path}': {error}; nothing was changed"
        )

    def _open(self) -> Cursor:
        import sqlite3

        with self._opening:
            local = self._prepare_file()
            try:
                connection = sqlite3.connect(
                    self._path,
                    timeout=min(self._timeout, _MOST_MILLISECONDS / 1000),
                    isolation_level=None,
                    check_same_thread=False,
                )
            except sqlite3.Error as e:
                raise self._translate(e) from e
            cursor = connection.cursor()
            self._all.add(cursor)
            try:
                self._prepare(cursor, "wal" if local else "delete")
            except BaseException as e:
                raise self._drop(cursor, e) from e
        return cursor

    def _prepare_file(self) -> bool:
        """Make the file private if there is none, and return whether it can have
        a write-ahead log.

        """
        folder = os.path.dirname(self._path)
        try:
            make_folder(folder)
            if not os.path.exists(self._path):
                with path_lock(work_lock_path(self._path), self._timeout):
                    # Only if new: closing a file frees SQLite's locks on it.
                    with suppress(FileExistsError):
                        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
                        os.close(os.open(self._path, flags, 0o600))
            local = not on_network(os.stat(folder).st_dev)
        except OSError as e:
            raise PersistableError(
                f"Can't make database '{self._path}': {e.strerror or e}"
            ) from e
        if not local:
            warnings.warn(
                f"Database '{self._path}' is on a network file system, where a "
                "write-ahead log would be damaged: using SQLite's older journal, "
                "which is slower and relies on that file system's locks; better use "
                "a local disk or a database server",
                RuntimeWarning,
                stacklevel=2,
            )
        return local

    def _prepare(self, cursor: Cursor, journal: str) -> None:
        (mode,) = cursor.execute("PRAGMA journal_mode").fetchone()
        if mode != journal:
            # SQLite doesn't wait here for another one that does the same.
            with path_lock(work_lock_path(self._path), self._timeout):
                cursor.execute(f"PRAGMA journal_mode = {journal}").fetchall()
        cursor.execute(f"PRAGMA synchronous = {self._synchronous}")
        cursor.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT}").fetchall()
        cursor.execute(self._schema)

    def before_fork(self) -> None:
        """Close all connections and let none be opened, once other threads are
        done with theirs.

        """
        deadline = time.monotonic() + self._timeout + 1
        self._opening.acquire(timeout=min(self._timeout + 1, threading.TIMEOUT_MAX))
        closing, self._closing = self._closing, True
        self._close_idle()
        while self._all and time.monotonic() < deadline:
            time.sleep(_POLL)
            self._close_idle()
        self._closing = closing

    def after_fork(self, in_child: bool) -> None:
        """Let connections be opened again.

        :param in_child: whether this is the child

        """
        if in_child and self._all:
            # Of threads that it doesn't have.  Closing them would do harm.
            _inherited.extend(self._all)
            self._all.clear()
        if self._opening.locked():
            self._opening.release()


_inherited: Final[list[Cursor]] = []


def _close_all(idle: deque[Cursor]) -> None:
    while idle:
        idle.pop().connection.close()


class _Forks:
    """Tells the pools that are in use of forks."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._pools: WeakSet[SqlitePool] = WeakSet()
        self._told: list[SqlitePool] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before,
                after_in_parent=lambda: self._after(False),
                after_in_child=lambda: self._after(True),
            )

    def add(self, pool: SqlitePool) -> None:
        with self._guard:
            self._pools.add(pool)

    def _before(self) -> None:
        self._guard.acquire()
        self._told = list(self._pools)
        for pool in self._told:
            pool.before_fork()

    def _after(self, in_child: bool) -> None:
        for pool in self._told:
            pool.after_fork(in_child)
        self._told = []
        self._guard.release()


_forks: Final = _Forks()

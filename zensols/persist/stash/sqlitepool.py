"""Connections to a SQLite file, for all threads of a process and across forks."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import finalize

from .forks import tell_of_forks
from .sqlitefile import SqliteFile

if TYPE_CHECKING:
    from sqlite3 import Cursor

__all__ = ["SqlitePool"]

T = TypeVar("T")

_POLL: Final = 0.001
"""Seconds between looks at whether other threads are done, before a fork."""

_inherited: Final[list[Cursor]] = []
"""What a forked child must neither use nor close."""


class SqlitePool:
    """Runs statements on a SQLite file.  Each runs on a connection that no other
    thread is using; there are as many as threads have ever run one at once.

    SQLite's locks belong to the process, and it keeps account of them in memory
    for all its connections to a file.  In a forked child, that account is wrong,
    even for connections of the child's own: what it writes can be lost.  So all
    connections are closed before a fork, and opened again when needed.

    Safe to use from many threads at once, and across forks.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "data.db")
    >>> file = SqliteFile(path, "CREATE TABLE IF NOT EXISTS t (n)", 60, "NORMAL")
    >>> pool = SqlitePool(file)
    >>> pool.run("SELECT n FROM t"), os.path.exists(path)
    ([], False)
    >>> pool.run_many("INSERT INTO t VALUES (?)", [(1,), (2,)], create=True)
    >>> pool.run("SELECT n FROM t")
    [(1,), (2,)]
    >>> pool.close()

    """

    def __init__(self, file: SqliteFile) -> None:
        """
        :param file: what to connect to

        """
        self._file = file
        self._idle: deque[Cursor] = deque()
        self._all: set[Cursor] = set()
        self._opening = threading.Lock()
        self._held = False
        self._closed = False
        # Whether connections are closed once they are idle.
        self._closing = False
        finalize(self, _close_all, self._idle)
        tell_of_forks(self)

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
            if not (create or os.path.exists(self._file.path)):
                return []
            cursor = self._open()
        try:
            rows = cursor.execute(statement, parameters).fetchall()
        except BaseException as e:
            self._drop(cursor, e)
            raise
        self._idle.append(cursor)
        if self._closing:
            self._close_idle()
        return rows

    def run_many(
        self, statement: str, rows: Sequence[Sequence[Any]], create: bool = False
    ) -> None:
        """Run a statement for each of many rows, in one transaction.

        :param statement: the SQL

        :param rows: what to put in for its question marks, each time

        :param create: whether to make the file if there is none; otherwise,
                       nothing is done

        :raises PersistableError: as :meth:`run` does; nothing has changed then

        """
        if create or self._idle or os.path.exists(self._file.path):
            self.transact(lambda cursor: cursor.executemany(statement, rows))

    def transact(self, use: Callable[[Cursor], T]) -> T:
        """Return what a function does in one transaction, which nobody else's
        changes come between.  The file is made if there is none.

        :param use: called with what runs statements; if it raises, nothing has
                    changed

        :raises PersistableError: as :meth:`run` does; nothing has changed then

        """
        with self.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            result = use(cursor)
            cursor.execute("COMMIT")
        return result

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """Hand out a connection's cursor for a ``with`` block.  The file is made if
        there is none, and the connection closed if the block fails.

        :raises PersistableError: as :meth:`run` does

        """
        try:
            cursor = self._idle.pop()
        except IndexError:
            cursor = self._open()
        try:
            yield cursor
        except BaseException as e:
            self._drop(cursor, e)
            raise
        self._idle.append(cursor)
        if self._closing:
            self._close_idle()

    @property
    def file(self) -> SqliteFile:
        """What it connects to."""
        return self._file

    def close(self) -> None:
        """Close all connections: the idle ones now, the others as soon as what
        they run is done.

        """
        self._closed = self._closing = True
        self._close_idle()

    def _open(self) -> Cursor:
        with self._opening:
            cursor = self._file.connect().cursor()
            self._all.add(cursor)
        return cursor

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
        _close(cursor)
        self._all.discard(cursor)

    def _drop(self, cursor: Cursor, error: BaseException) -> None:
        """Close a connection, which rolls back, and raise our error for one of
        SQLite's.

        """
        try:
            self._close(cursor)
        except Exception:  # noqa: BLE001  the first error tells more
            pass
        ours = self._file.translate(error)
        if ours is not None:
            raise ours from error

    def before_fork(self) -> None:
        """Close all connections and let none be opened, once other threads are
        done with theirs.

        """
        seconds = min(self._file.timeout + 1, threading.TIMEOUT_MAX)
        deadline = time.monotonic() + seconds
        self._held = self._opening.acquire(timeout=seconds)
        self._closing = True
        self._close_idle()
        while self._all and time.monotonic() < deadline:
            time.sleep(_POLL)
            self._close_idle()
        self._closing = self._closed

    def after_fork(self, in_child: bool) -> None:
        """Let connections be opened again.

        :param in_child: whether this is the child

        """
        if in_child:
            # Of threads that it doesn't have, and that were not done in time.
            _inherited.extend(self._all)
            self._all.clear()
            self._opening = threading.Lock()
        elif self._held:
            self._opening.release()


def _close(cursor: Cursor) -> None:
    connection = cursor.connection
    # A statement that was not finished would keep its locks.
    cursor.close()
    connection.close()


def _close_all(idle: deque[Cursor]) -> None:
    while idle:
        _close(idle.pop())

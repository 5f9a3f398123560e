"""The databases of :mod:`!dbm.sqlite3`, which is Python's default from 3.13 on."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from typing import Any

__all__ = ["SqliteDatabase"]


class SqliteDatabase(MutableMapping[bytes, bytes]):
    """A database as :mod:`!dbm.sqlite3` makes and reads it, for any thread to use
    and close, while that module's serves only the thread that opened it.

    Use it in one thread at a time.  It is kept locked: who opens it meanwhile
    gets an error when using it.

    >>> import tempfile
    >>> database = SqliteDatabase(os.path.join(tempfile.mkdtemp(), "shelf"))
    >>> database[b"a"] = b"1"
    >>> dict(database)
    {b'a': b'1'}
    >>> database.close()

    """

    def __init__(self, path: str) -> None:
        """
        :param path: the file, made if there is none

        :raises OSError: if it can't be opened

        """
        import sqlite3

        self._error = sqlite3.Error
        # For its mode: SQLite itself asks the umask alone.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(
            os.path.abspath(path), isolation_level=None, check_same_thread=False
        )
        try:
            # Needs no memory shared with others, which takes room on the disk.
            self._execute("PRAGMA locking_mode = exclusive")
            self._execute("PRAGMA journal_mode = wal")
            self._execute(
                "CREATE TABLE IF NOT EXISTS Dict "
                "(key BLOB UNIQUE NOT NULL, value BLOB NOT NULL)"
            )
        except BaseException:
            self._connection.close()
            raise

    def _execute(self, statement: str, *values: bytes) -> list[Any]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except self._error as e:
            raise OSError(str(e)) from e

    def __getitem__(self, key: bytes) -> bytes:
        for (value,) in self._execute("SELECT value FROM Dict WHERE key = ?", key):
            found: bytes = value
            return found
        raise KeyError(key)

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._execute("REPLACE INTO Dict (key, value) VALUES (?, ?)", key, value)

    def __delitem__(self, key: bytes) -> None:
        if key not in self:
            raise KeyError(key)
        self._execute("DELETE FROM Dict WHERE key = ?", key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and bool(
            self._execute("SELECT 1 FROM Dict WHERE key = ?", key)
        )

    def __iter__(self) -> Iterator[bytes]:
        return (key for (key,) in self._execute("SELECT key FROM Dict"))

    def __len__(self) -> int:
        count: int = self._execute("SELECT COUNT(*) FROM Dict")[0][0]
        return count

    def close(self) -> None:
        """Close the database.

        :raises OSError: if what was written can't be moved to its place

        """
        try:
            self._connection.close()
        except self._error as e:
            raise OSError(str(e)) from e

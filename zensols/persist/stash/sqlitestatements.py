"""The SQL of a table of entries."""

# ruff: noqa: S608  What is put in is the table's name, quoted, and numbers of ours.

from __future__ import annotations

from typing import Final

__all__ = ["SqliteStatements", "table_name"]

_SMALL: Final = 1 << 16
"""Bytes up to which entries are read with others, so that many large ones are not
in memory together.
"""


class SqliteStatements:
    """The statements for one table, in which question marks stand for values.

    Immutable, and so safe to share between threads.

    >>> SqliteStatements('a"b', page=10).delete
    'DELETE FROM "a""b" WHERE key = ?'

    """

    def __init__(self, table: str, page: int) -> None:
        """
        :param table: the name of the table

        :param page: how many keys to list at once

        """
        name = '"' + table.replace('"', '""') + '"'
        # With a row id, the index on the keys is apart from the entries, and
        # listing the keys reads none of those.
        self.schema = (
            f"CREATE TABLE IF NOT EXISTS {name} (key BLOB NOT NULL UNIQUE "
            "CHECK (typeof(key) = 'blob'), entry BLOB NOT NULL)"
        )
        self.load = f"SELECT entry FROM {name} WHERE key = ?"
        self.exists = f"SELECT 1 FROM {name} WHERE key = ?"
        # REPLACE would delete the row and its place in the index first.
        self.dump = (
            f"INSERT INTO {name} (key, entry) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET entry = excluded.entry"
        )
        self.delete = f"DELETE FROM {name} WHERE key = ?"
        self.clear = f"DELETE FROM {name}"
        self.keys = f"SELECT key FROM {name} WHERE key > ? ORDER BY key LIMIT {page}"
        self.count = f"SELECT count(*) FROM {name}"
        self._load_many = (
            f"SELECT key, CASE WHEN length(entry) <= {_SMALL} THEN entry END "
            f"FROM {name} WHERE key IN "
        )

    def load_many(self, count: int) -> str:
        """Return the statement that finds keys and their entries; instead of a
        large entry, there is a null.

        :param count: how many keys there are

        """
        return f"{self._load_many}({','.join('?' * count)})"


def table_name(text: object) -> str:
    """Return the name of a table if it can be one.

    :param text: the name; to SQLite, ASCII letters in upper and lower case are the
                 same

    :raises ValueError: if it can't

    >>> table_name('any "text"')
    'any "text"'

    """
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"{text!r} is no name of a table")
    if text.lower().startswith("sqlite_"):
        raise ValueError(f"table {text!r}: SQLite keeps such names to itself")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"table {text!r} is not valid Unicode") from None
    return text

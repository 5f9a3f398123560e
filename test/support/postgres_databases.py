"""Empty PostgreSQL databases for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMAS = """
SELECT nspname FROM pg_namespace
WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
"""


def with_database(url: str, name: str) -> str:
    """Return a server's URL with another database.

    :param url: names any database

    :param name: the other one

    """
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


class Databases:
    """Empty databases of a server, each for one test at a time.

    That a database is emptied for the next one takes a fifth of the processor's time
    that making and dropping one takes.

    """

    def __init__(self, url: str) -> None:
        """
        :param url: names another database on the server

        """
        self._url = url
        self._idle: list[str] = []
        self._all: list[str] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Yield the URL of one, and empty it afterwards."""
        url = self._idle.pop() if self._idle else self._make()
        yield url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            for (schema,) in connection.execute(_SCHEMAS).fetchall():
                drop = sql.SQL("DROP SCHEMA {} CASCADE")
                connection.execute(drop.format(sql.Identifier(schema)))
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO public")
        self._idle.append(url)

    def close(self) -> None:
        """Drop them."""
        for name in self._all:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _make(self) -> str:
        name = f"test_{uuid4().hex}"
        # Which takes a third of the time that writing it to the log takes.
        self._execute("CREATE DATABASE {} STRATEGY FILE_COPY", name)
        self._all.append(name)
        return with_database(self._url, name)

    def _execute(self, statement: LiteralString, name: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

"""The tables of persisters on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from ..error import PersistableError
from .postgresstatements import VERSION, PostgresStatements
from .steps import Steps

__all__ = ["PostgresLayout"]

_TRIES: Final = 2


class PostgresLayout:
    """Sees to it that there are the tables, and that they are what this release
    expects, by steps as :class:`.PostgresWork` has.

    Safe to use from many threads, by many coroutines, and across forks.

    >>> sql = PostgresStatements("states")
    >>> layout = PostgresLayout("postgresql://localhost/data", "states", sql)
    >>> next(layout.is_set_up())[0]
    'run'

    """

    def __init__(self, place: str, table: str, sql: PostgresStatements) -> None:
        """
        :param place: what errors call the database

        :param table: the name of the table of records

        :param sql: the statements on it and the others

        """
        self._place = place
        self._table = table
        self._sql = sql
        self.lock = _number(f"zensols.persist state {table}")
        self._is_set_up = False

    def is_set_up(self) -> Steps[bool]:
        """Return whether there are the tables."""
        if not self._is_set_up:
            rows = yield "run", self._sql.version, ()
            if rows:
                self._check(rows[0][0])
                self._is_set_up = True
        return self._is_set_up

    def set_up(self) -> Steps[None]:
        """Make them if there are none.

        :raises PersistableError: if what is there is a newer release's, or another
                                  program's

        """
        if self._is_set_up:
            return
        there = yield from self.is_set_up()
        if not there:
            yield "transact", self._make_tables
            self._is_set_up = True

    def _make_tables(self) -> Steps[bool]:
        sql = self._sql
        # The same for all tables, which may be in one new schema.
        lock = _number("zensols.persist state")
        yield "run", b"SELECT pg_advisory_xact_lock(%s)", (lock,)
        ((about, records),) = yield (
            "run",
            b"SELECT to_regclass(%s)::text, to_regclass(%s)::text",
            (sql.about, sql.records),
        )
        if about is not None:
            ((version,),) = yield "run", sql.version, ()
            self._check(version)
            return True
        if records is not None:
            raise PersistableError(
                f"Table {self._table!r} of {self._place} was made by another program: "
                f"choose another table_name"
            )
        if sql.schema is not None:
            # To make one that is there needs a right, too.
            find_schema = b"SELECT 1 FROM pg_namespace WHERE nspname = %s"
            rows = yield "run", find_schema, (sql.schema,)
            if not rows:
                yield "run", sql.create_schema, ()
        for statement in sql.tables:
            yield "run", statement, ()
        return True

    def _check(self, version: int) -> None:
        if version > VERSION:
            raise PersistableError(
                f"Table {self._table!r} of {self._place} has layout {version}, of a "
                f"newer release than this one, which knows {VERSION}: upgrade"
            )

    def read(self, statement: bytes, *parameters: Any) -> Steps[list[Any]]:
        """Carry out a statement and return its rows; none if there are no tables.

        :param statement: the SQL

        :param parameters: what it has placeholders for

        """
        there = self._is_set_up or (yield from self.is_set_up())
        rows = (yield "run", statement, parameters) if there else None
        return rows or []

    def transact(self, use: Callable[[], Steps[Any]]) -> Steps[Any]:
        """Carry out statements in one transaction, on tables that are made if there
        are none, and return what comes of it.

        :param use: returns the steps

        """
        for _ in range(_TRIES):
            yield from self.set_up()
            result = yield "transact", use
            if result is not None:
                return result
            self._is_set_up = False
        raise PersistableError(
            f"Table {self._table!r} of {self._place} was dropped while in use: "
            f"save again"
        )


def _number(name: str) -> int:
    digest = blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)

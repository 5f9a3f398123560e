"""Records in SQLite."""

# ruff: noqa: S608  What is put in is names of tables, quoted, and numbers of ours.

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..error import PersistableError
from ..stash.sqlitefile import SqliteFile
from ..stash.sqlitepool import SqlitePool
from .chain import Piece
from .partitions import coded, decoded
from .record import Branch, Draft, Record, Span
from .records import ALL, ANY, Refused
from .sqlstatements import Statements, branch_of, fields_of, piece_of, record_of

if TYPE_CHECKING:
    from sqlite3 import Cursor

__all__ = ["SqliteRecords"]

VERSION: Final = 1
"""That of the tables."""

_MOST_ID: Final = (1 << 63) - 1

_TABLES: Final = """
CREATE TABLE {about} (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO {about} VALUES ('version', {version}), ('last', 0);
CREATE TABLE {branches} (
    id INTEGER PRIMARY KEY AUTOINCREMENT, root INTEGER NOT NULL, parent INTEGER, last INTEGER,
    partition_key TEXT NOT NULL, app_id TEXT, floor INTEGER NOT NULL,
    UNIQUE (partition_key, app_id));
CREATE INDEX {roots} ON {branches} (root);
CREATE TABLE {records} (
    id INTEGER PRIMARY KEY, branch INTEGER NOT NULL,
    sequence_id INTEGER NOT NULL, position TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, version INTEGER, size INTEGER NOT NULL,
    kind INTEGER NOT NULL, path TEXT NOT NULL, place INTEGER NOT NULL, base INTEGER,
    payload BLOB NOT NULL, hidden INTEGER NOT NULL);
CREATE INDEX {orders} ON {records} (branch, id);
CREATE INDEX {sequences} ON {records} (branch, sequence_id, id);
CREATE INDEX {bases} ON {records} (base) WHERE base IS NOT NULL
"""


class SqliteRecords:
    """Keeps records in two tables of a SQLite file; see :class:`.Records`.

    Safe to use from many threads and processes at once, and across forks.

    """

    def __init__(self, path: str, table: str, timeout: float, synchronous: str) -> None:
        """
        :param path: the absolute path of the file

        :param table: the name of the table of records, and what those of the others
                      begin with

        :param timeout: how many seconds to wait for others that write

        :param synchronous: ``NORMAL``, or ``FULL`` to wait on each save until it
                            would survive a loss of power

        """
        self._arguments = path, table, timeout, synchronous
        self._path = path
        others = "branches", "about", "roots", "orders", "sequences", "bases"
        self._names = {name: _quote(f"{table}_{name}") for name in others}
        self._names["records"] = _quote(table)
        self._table = table
        self._sql = Statements(
            self._names["records"], self._names["branches"], about=self._names["about"]
        )
        self._find, self._find_sequence = self._sql.find, self._sql.find_sequence
        self._add = self._sql.add
        self._pool = SqlitePool(SqliteFile(path, "SELECT 1", timeout, synchronous))
        self._is_set_up = False

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def is_set_up(self) -> bool:
        if not self._is_set_up:
            rows = self._pool.run(
                "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
                (self._table + "_about",),
            )
            if rows:
                self.set_up()
        return self._is_set_up

    def set_up(self) -> None:
        if not self._is_set_up:
            self._pool.transact(self._set_up_tables)
            self._is_set_up = True

    def _set_up_tables(self, cursor: Cursor) -> None:
        there = cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN (?, ?)",
            (self._table, self._table + "_about"),
        ).fetchall()
        if (self._table + "_about",) in there:
            (version,) = cursor.execute(
                f"SELECT value FROM {self._names['about']} WHERE name = 'version'"
            ).fetchone()
            if version > VERSION:
                raise PersistableError(
                    f"Table {self._table!r} of '{self._path}' has layout {version}, of "
                    f"a newer release than this one, which knows {VERSION}: upgrade"
                )
            return
        if there:
            raise PersistableError(
                f"Table {self._table!r} of '{self._path}' was made by another program: "
                f"choose another table_name"
            )
        for statement in _TABLES.split(";"):
            cursor.execute(statement.format(**self._names, version=VERSION))

    def _run(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        if not self._is_set_up and not self.is_set_up():
            return []
        return self._pool.run(statement, parameters)

    def _transact(self, use: Any) -> Any:
        self.set_up()
        return self._pool.transact(use)

    def find(
        self, partition_key: str | None, app_id: str, sequence_id: int | None
    ) -> Record | None:
        partition = coded(partition_key)
        if sequence_id is None:
            rows = self._run(self._find, (partition, app_id))
        else:
            rows = self._run(self._find_sequence, (partition, app_id, sequence_id))
        return record_of(rows[0]) if rows else None

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> Record | None:
        parameters = () if sequence_id is None else (sequence_id,)
        rows = self._run(self._sql.find_in(spans, sequence_id), parameters)
        return record_of(rows[0]) if rows else None

    def find_branch(self, partition_key: str | None, app_id: str) -> Branch | None:
        rows = self._run(self._sql.find_branch, (coded(partition_key), app_id))
        return branch_of(rows[0]) if rows else None

    def find_branches(self, root: int) -> list[Branch]:
        return list(map(branch_of, self._run(self._sql.find_branches, (root,))))

    def find_newest_app(self, partition_key: str | None) -> str | None:
        rows = self._run(self._sql.list_apps(False, True), (coded(partition_key),))
        return rows[0][1] if rows else None

    def find_pieces(self, ids: Sequence[int]) -> dict[int, Piece]:
        rows = self._run(self._sql.find_pieces(len(ids)), tuple(ids))
        return dict(map(piece_of, rows))

    def list_apps(self, partition_key: Any) -> list[tuple[str | None, str]]:
        everywhere = partition_key is ALL
        parameters = () if everywhere else (coded(partition_key),)
        rows = self._run(self._sql.list_apps(everywhere, False), parameters)
        return [(decoded(partition), app_id) for partition, app_id in rows]

    def list_records(self, spans: Sequence[Span], hidden: bool) -> list[Record]:
        return list(map(record_of, self._run(self._sql.list_records(spans, hidden))))

    def add(self, draft: Draft, expected: Any) -> int | Record | Refused:
        if expected is ANY:
            self.set_up()
            partition = coded(draft.partition_key)
            rows = self._pool.run(self._add, fields_of(draft, partition), True)
            if rows:
                return int(rows[0][0])
        result: int | Record | Refused = self._transact(
            partial(self._add_carefully, draft, expected)
        )
        return result

    def _add_carefully(
        self, draft: Draft, expected: Any, cursor: Cursor
    ) -> int | Record | Refused:
        partition = coded(draft.partition_key)
        app = partition, draft.app_id
        branch = cursor.execute(self._sql.find_branch, app).fetchone()
        if branch is None:
            if expected not in (ANY, None):
                return Refused.MOVED
            self._add_branch(cursor, *app, None, None, 0)
        same = cursor.execute(
            self._sql.find_same, (*app, draft.sequence_id, draft.position)
        ).fetchone()
        if same is not None:
            return record_of(same)
        if expected is not ANY:
            newest = cursor.execute(self._find, app).fetchone()
            if newest is None and branch is not None and branch[3] is not None:
                newest = cursor.execute(
                    f"SELECT 0, 0, sequence_id FROM {self._sql.records} WHERE id = ?",
                    (branch[3],),
                ).fetchone()
            if (None if newest is None else newest[2]) != expected:
                return Refused.MOVED
        row = cursor.execute(self._add, fields_of(draft, partition)).fetchone()
        return Refused.LOST if row is None else row[0]

    def fork(
        self, partition_key: str | None, app_id: str, source: Branch, record: Record
    ) -> bool | Refused:
        def use(cursor: Cursor) -> bool | Refused:
            app = coded(partition_key), app_id
            if cursor.execute(self._sql.find_branch, app).fetchone() is not None:
                return False
            kept = source.id, source.floor
            if cursor.execute(self._sql.find_kept, kept).fetchone() is None:
                return Refused.LOST
            self._add_branch(cursor, *app, record.branch, record.id, source.floor)
            return True

        made: bool | Refused = self._transact(use)
        return made

    def _add_branch(
        self,
        cursor: Cursor,
        partition: str,
        app_id: str,
        parent: int | None,
        last: int | None,
        floor: int,
    ) -> None:
        table = self._sql.branches
        cursor.execute(
            f"INSERT INTO {table} (root, parent, last, partition_key, app_id, floor) "
            f"VALUES (COALESCE((SELECT root FROM {table} WHERE id = ?), 0), "
            f"?, ?, ?, ?, ?)",
            (parent, parent, last, partition, app_id, floor),
        )
        cursor.execute(f"UPDATE {table} SET root = id WHERE root = 0")

    def set_floor(self, branch: int, floor: int) -> None:
        self._run(
            f"UPDATE {self._sql.branches} SET floor = MAX(floor, ?) WHERE id = ?",
            (floor, branch),
        )

    def release(self, branch: int, newest: Any) -> None:
        names = self._sql.branches
        self._run(
            f"UPDATE {names} SET app_id = NULL WHERE id = ? "
            f"AND NOT EXISTS (SELECT 1 FROM {self._sql.records} r "
            f"WHERE r.branch = {names}.id AND r.id > ?)",
            (branch, _MOST_ID if newest is ANY else newest),
        )

    def discard(
        self,
        records: Collection[int],
        hidden: Collection[int],
        branches: Collection[int],
    ) -> None:
        def use(cursor: Cursor) -> None:
            table, names = self._sql.records, self._sql.branches
            cursor.executemany(
                f"UPDATE {table} SET hidden = 1 WHERE id = ?", [(i,) for i in hidden]
            )
            cursor.execute(self._sql.keep_last)
            # The newest first: each is only needed by newer ones.
            cursor.executemany(
                f"DELETE FROM {table} WHERE id = ? AND NOT EXISTS "
                f"(SELECT 1 FROM {table} r WHERE r.base = {table}.id)",
                [(i,) for i in sorted(records, reverse=True)],
            )
            cursor.executemany(
                f"DELETE FROM {names} WHERE id = ? AND NOT EXISTS "
                f"(SELECT 1 FROM {table} r WHERE r.branch = {names}.id) AND NOT EXISTS "
                f"(SELECT 1 FROM {names} b WHERE b.parent = {names}.id)",
                [(i,) for i in sorted(branches, reverse=True)],
            )

        self._transact(use)

    def close(self) -> None:
        self._pool.close()


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

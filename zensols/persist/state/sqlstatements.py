"""The statements of persisters on SQL databases."""

# ruff: noqa: S608  What is put in is names of tables, quoted, and numbers of ours.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .chain import Piece, Stored
from .record import Branch, Draft, Record, Span

__all__ = ["FIELDS", "Statements", "branch_of", "fields_of", "piece_of", "record_of"]

FIELDS: Final = (
    "id, branch, sequence_id, position, status, created_at, version, size, kind, path, "
    "place"
)
"""The columns of a record, without its payload."""

_KINDS: Final = ("whole", "delta", "same")


@dataclass(frozen=True)
class Statements:
    """The statements on the tables of one persister; parameters are written as
    ``?``, quoted names are part of it.

    >>> Statements("states", "branches").find_branch[:6]
    'SELECT'

    """

    records: str
    """The name of the table of records, quoted."""

    branches: str
    """The name of the table of branches, quoted."""

    partition: str = "partition_key"
    """The column by which applications of a partition are found."""

    app: str = "app_id"
    """The column by which one of them is found."""

    about: str = "about"
    """The name of the table that :attr:`keep_last` writes to, quoted."""

    @property
    def _known(self) -> str:
        return f"b.{self.partition} = ? AND b.{self.app} = ?"

    @property
    def find(self) -> str:
        """The newest record of an application; partition, application."""
        return (
            f"SELECT {_of('r')}, r.payload FROM {self.branches} b "
            f"JOIN {self.records} r ON r.branch = b.id "
            f"WHERE {self._known} AND r.id >= b.floor "
            "AND r.hidden = 0 ORDER BY r.id DESC LIMIT 1"
        )

    @property
    def find_sequence(self) -> str:
        """The newest record of a sequence number; partition, application, number."""
        return (
            f"SELECT {_of('r')}, r.payload FROM {self.branches} b "
            f"JOIN {self.records} r ON r.branch = b.id "
            f"WHERE {self._known} AND r.sequence_id = ? "
            "AND r.id >= b.floor AND r.hidden = 0 ORDER BY r.id DESC LIMIT 1"
        )

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> str:
        """The newest record of spans; see :func:`fields_of`."""
        also = "" if sequence_id is None else " AND sequence_id = ?"
        return (
            f"SELECT {FIELDS}, payload FROM {self.records} "
            f"WHERE ({_within(spans)}) AND hidden = 0{also} ORDER BY id DESC LIMIT 1"
        )

    def list_records(self, spans: Sequence[Span], hidden: bool) -> str:
        """The records of spans in order."""
        also = "" if hidden else " AND hidden = 0"
        return (
            f"SELECT {FIELDS} FROM {self.records} "
            f"WHERE ({_within(spans)}){also} ORDER BY id"
        )

    @property
    def find_branch(self) -> str:
        """The branch of an application; partition, application."""
        return (
            f"SELECT id, root, parent, last, app_id, floor FROM {self.branches} b "
            f"WHERE {self._known}"
        )

    @property
    def find_kept(self) -> str:
        """Something, if an application has still that floor; its branch, floor."""
        return (
            f"SELECT 1 FROM {self.branches} "
            "WHERE id = ? AND app_id IS NOT NULL AND floor = ?"
        )

    @property
    def find_branches(self) -> str:
        """The branches of a family; its root."""
        return (
            f"SELECT id, root, parent, last, app_id, floor FROM {self.branches} "
            "WHERE root = ? ORDER BY id"
        )

    def list_apps(self, everywhere: bool, newest: bool) -> str:
        """The partitions and names of applications, the last used one first;
        partition unless everywhere.

        """
        only = "" if everywhere else f"AND b.{self.partition} = ? "
        return (
            f"SELECT b.partition_key, b.app_id FROM {self.branches} b "
            f"WHERE b.app_id IS NOT NULL {only}"
            f"ORDER BY COALESCE((SELECT MAX(r.id) FROM {self.records} r "
            "WHERE r.branch = b.id AND r.hidden = 0), b.last, 0) DESC, b.id DESC"
            + (" LIMIT 1" if newest else "")
        )

    def find_pieces(self, count: int) -> str:
        """The kinds and payloads of so many records."""
        marks = ", ".join("?" * count)
        return f"SELECT id, kind, payload FROM {self.records} WHERE id IN ({marks})"

    @property
    def add(self) -> str:
        """Add a record, and give its number, if its application is known, has no
        such completed record, and its base is there; see :func:`fields_of`.

        """
        return (
            f"INSERT INTO {self.records} (id, branch, sequence_id, position, status, "
            "created_at, version, size, kind, path, place, base, payload, hidden) "
            f"SELECT MAX((SELECT value FROM {self.about} WHERE name = 'last'), "
            f"COALESCE((SELECT MAX(id) FROM {self.records}), 0)) + 1, "
            f"b.id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0 FROM {self.branches} b "
            f"WHERE {self._known} AND NOT EXISTS ("
            f"SELECT 1 FROM {self.records} r WHERE r.branch = b.id "
            "AND r.sequence_id = ? AND r.position = ? AND r.status = 'completed' "
            "AND r.id >= b.floor AND r.hidden = 0) "
            f"AND (? = 0 OR EXISTS (SELECT 1 FROM {self.records} r WHERE r.id = ?)) "
            "RETURNING id"
        )

    @property
    def keep_last(self) -> str:
        """Remember the highest number of a record, before records are deleted, so
        that no other one ever gets it: those to come may be stored against it.

        Keeping account with each record, as SQLite can, takes a fifth of the time.

        """
        return (
            f"UPDATE {self.about} SET value = MAX(value, "
            f"(SELECT COALESCE(MAX(id), 0) FROM {self.records})) WHERE name = 'last'"
        )

    @property
    def find_same(self) -> str:
        """The completed record of an application, number and position."""
        return (
            f"SELECT {_of('r')}, r.payload FROM {self.branches} b "
            f"JOIN {self.records} r ON r.branch = b.id "
            f"WHERE {self._known} AND r.sequence_id = ? "
            "AND r.position = ? AND r.status = 'completed' AND r.id >= b.floor "
            "AND r.hidden = 0 ORDER BY r.id DESC LIMIT 1"
        )


def fields_of(draft: Draft, partition: str) -> tuple[Any, ...]:
    """Return the parameters of :attr:`Statements.add`.

    :param draft: the record to be

    :param partition: what stands for its partition

    """
    stored = draft.stored
    base = stored.path[-1] if stored.path else 0
    return (
        draft.sequence_id,
        draft.position,
        draft.status,
        draft.created_at,
        draft.version,
        draft.size,
        _KINDS.index(stored.kind),
        ",".join(map(str, stored.path)),
        stored.place,
        base or None,
        stored.payload,
        partition,
        draft.app_id,
        draft.sequence_id,
        draft.position,
        base,
        base,
    )


def record_of(row: Sequence[Any]) -> Record:
    """Return the record of a row, with its payload if the row has it."""
    id_, branch, sequence_id, position, status, created_at, version, size = row[:8]
    payload = bytes(row[11]) if len(row) > 11 else b""
    path = tuple(map(int, row[9].split(","))) if row[9] else ()
    stored = Stored(_KINDS[row[8]], payload, path, row[10])
    return Record(
        id_, branch, sequence_id, position, status, created_at, version, size, stored
    )


def branch_of(row: Sequence[Any]) -> Branch:
    """Return the branch of a row."""
    return Branch(*row)


def piece_of(row: Sequence[Any]) -> tuple[int, Piece]:
    """Return the number of a record and what it contributes, of a row."""
    return row[0], (_KINDS[row[1]], bytes(row[2]))


def _of(table: str) -> str:
    return ", ".join(f"{table}.{field}" for field in FIELDS.split(", "))


def _within(spans: Sequence[Span]) -> str:
    return " OR ".join(
        f"branch = {span.branch:d} AND id >= {span.first:d}"
        + ("" if span.last is None else f" AND id <= {span.last:d}")
        for span in spans
    )

"""The statements of persisters on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from ..stash.postgrestable import key_columns, table_names
from .partitions import coded
from .record import Draft, Span
from .sqlstatements import FIELDS, Statements, fields_of

__all__ = [
    "MOST_ID",
    "VERSION",
    "PostgresStatements",
    "array",
    "known",
    "row_of",
    "step_of",
]

VERSION: Final = 1
"""That of the tables."""

MOST_ID: Final = (1 << 63) - 1
"""The highest identifier of a record that can be."""

_REMEMBERED: Final = 1024
"""Of how many applications it is remembered what they are found by."""

_TABLES: Final = """
CREATE TABLE {about} (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE {branches} (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, root BIGINT NOT NULL,
    parent BIGINT, last BIGINT, partition_key TEXT NOT NULL, app_id TEXT,
    floor BIGINT NOT NULL, partition_digest BYTEA NOT NULL, app_digest BYTEA,
    UNIQUE (partition_digest, app_digest));
CREATE INDEX ON {branches} (root);
CREATE TABLE {records} (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, branch BIGINT NOT NULL,
    sequence_id BIGINT NOT NULL, position TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, version BIGINT, size BIGINT NOT NULL,
    kind SMALLINT NOT NULL, path TEXT NOT NULL, place BIGINT NOT NULL,
    base BIGINT REFERENCES {records} (id) ON DELETE RESTRICT,
    payload BYTEA NOT NULL, hidden SMALLINT NOT NULL, step BYTEA,
    UNIQUE (branch, sequence_id, step));
CREATE INDEX ON {records} (branch, id);
CREATE INDEX ON {records} (base) WHERE base IS NOT NULL;
INSERT INTO {about} VALUES ('version', 1)
"""
# What applications are found by are digests, since an index takes no long texts.  A
# record has a step as long as no other one of its number and position may be saved.

# What excludes little is written so that the planner, which may know nothing of the
# table yet, goes through an index and doesn't sort all records of the branch.
_FIND: Final = """
SELECT {fields}, payload FROM {records} WHERE id = (
    SELECT r.id FROM {branches} b CROSS JOIN LATERAL (
        SELECT n.id FROM {records} n WHERE n.branch = b.id AND n.hidden <> 1
        ORDER BY n.id DESC LIMIT 1) r
    WHERE b.partition_digest = ? AND b.app_digest = ? AND r.id >= b.floor)
"""

# Here it does, lest it goes through all later ones.
_FIND_SEQUENCE: Final = """
SELECT {fields}, payload FROM {records} WHERE id = (
    SELECT r.id FROM {branches} b JOIN {records} r ON r.branch = b.id
    WHERE b.partition_digest = ? AND b.app_digest = ? AND r.id >= b.floor
    AND r.hidden = 0 AND r.sequence_id = ? {also} ORDER BY r.id + 0 DESC LIMIT 1)
"""

# Locked first, so that the later of two records has the higher number.
_ADD: Final = """
WITH app AS (
    SELECT id FROM {branches} WHERE partition_digest = ? AND app_digest = ?
    FOR NO KEY UPDATE)
INSERT INTO {records} (branch, sequence_id, position, status, created_at, version,
    size, kind, path, place, base, payload, step, hidden)
SELECT app.id, ?::bigint, ?::text, ?::text, ?::text, ?::bigint, ?::bigint,
    ?::smallint, ?::text, ?::bigint, ?::bigint, ?::bytea, ?::bytea, 0 FROM app
ON CONFLICT DO NOTHING RETURNING id
"""

_ADD_BRANCH: Final = """
WITH made AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence(?, 'id')) AS id)
INSERT INTO {branches} (id, root, parent, last, partition_key, app_id, floor,
    partition_digest, app_digest)
OVERRIDING SYSTEM VALUE
SELECT made.id,
    COALESCE((SELECT b.root FROM {branches} b WHERE b.id = ?::bigint), made.id),
    ?::bigint, ?::bigint, ?::text, ?::text, ?::bigint, ?::bytea, ?::bytea
FROM made ON CONFLICT DO NOTHING RETURNING id
"""

# The branch first, as who saves does, lest each waits for the other.
_SET_FLOOR: Final = """
WITH cut AS (
    UPDATE {branches} SET floor = GREATEST(floor, ?) WHERE id = ?
    RETURNING id, floor)
UPDATE {records} r SET step = NULL FROM cut
WHERE r.branch = cut.id AND r.id < cut.floor AND r.step IS NOT NULL
"""

_DELETE: Final = """
WITH RECURSIVE needed AS (
    SELECT base AS id FROM {records}
    WHERE base = ANY(?::bigint[]) AND id <> ALL(?::bigint[])
    UNION
    SELECT r.base FROM needed JOIN {records} r USING (id) WHERE r.base IS NOT NULL)
DELETE FROM {records}
WHERE id = ANY(?::bigint[]) AND id NOT IN (SELECT id FROM needed)
"""

_DELETE_BRANCH: Final = """
DELETE FROM {branches} b WHERE b.id = ? AND b.app_id IS NULL
AND NOT EXISTS (SELECT 1 FROM {records} r WHERE r.branch = b.id)
AND NOT EXISTS (
    SELECT 1 FROM {branches} c WHERE c.root = b.root AND c.parent = b.id)
"""


class PostgresStatements:
    """The statements on the tables of one persister.

    Immutable.

    >>> PostgresStatements('odd " name').about
    '"odd "" name_about"'
    >>> PostgresStatements("states").release[:6]
    b'UPDATE'

    """

    def __init__(self, table: str) -> None:
        """
        :param table: the name of the table of records, which may follow that of a
                      schema and a dot, and what the names of the others begin with

        :raises PersistableError: if it is no name, or too long

        """
        *schema, _ = table_names(table)
        self.schema: str | None = schema[0] if schema else None
        self.records = _quote(table)
        self.branches = _quote(f"{table}_branches")
        self.about = _quote(f"{table}_about")
        self._shared = Statements(
            "{records}", "{branches}", "partition_digest", "app_digest"
        )
        self.find = self.make(_FIND)
        self.find_sequence = self.make(_FIND_SEQUENCE)
        self.find_same = self.make(_FIND_SEQUENCE, also="AND r.step = ?")
        self.find_attempt = self.make(
            "SELECT id FROM {records} WHERE branch = ? AND sequence_id = ? "
            "AND position = ? AND created_at = ? AND status = 'failed'"
        )
        self.find_number = self.make("SELECT sequence_id FROM {records} WHERE id = ?")
        self.find_pieces = self.make(
            "SELECT id, kind, payload FROM {records} WHERE id = ANY(?::bigint[])"
        )
        self.find_branch = self.make(self._shared.find_branch)
        self.find_branches = self.make(self._shared.find_branches)
        self.lock_branch = self.make(
            self._shared.find_branch + " FOR NO KEY UPDATE OF b"
        )
        self.add = self.make(_ADD)
        self.add_branch = self.make(_ADD_BRANCH)
        self.set_floor = self.make(_SET_FLOOR)
        self.share_kept = self.make(self._shared.find_kept + " FOR SHARE")
        self.lock_branch_of = self.make(
            "SELECT 1 FROM {branches} WHERE id = ? FOR UPDATE"
        )
        self.release = self.make(
            "UPDATE {branches} SET app_id = NULL, app_digest = NULL "
            "WHERE id = ? AND NOT EXISTS "
            "(SELECT 1 FROM {records} WHERE branch = ? AND id > ?)"
        )
        self.hide = self.make(
            "UPDATE {records} SET hidden = 1, step = NULL "
            "WHERE id = ANY(?::bigint[]) AND hidden = 0"
        )
        self.lock_records = self.make(
            "SELECT 1 FROM {records} WHERE id = ANY(?::bigint[]) ORDER BY id FOR UPDATE"
        )
        self.delete = self.make(_DELETE)
        self.delete_branch = self.make(_DELETE_BRANCH)
        self.version = self.make("SELECT value FROM {about} WHERE name = 'version'")
        self.tables = [self.make(text) for text in _TABLES.split(";")]
        self.create_schema = (
            b"CREATE SCHEMA IF NOT EXISTS "
            + _quote(self.schema or "public").replace("%", "%%").encode()
        )

    def find_in(self, spans: Sequence[Span], sequence_id: int | None) -> bytes:
        """The newest record of spans."""
        return self.make(self._shared.find_in(spans, sequence_id))

    def list_records(self, spans: Sequence[Span], hidden: bool) -> bytes:
        """The records of spans in order."""
        return self.make(self._shared.list_records(spans, hidden))

    def list_apps(self, everywhere: bool, newest: bool) -> bytes:
        """The applications, the last used one first."""
        return self.make(self._shared.list_apps(everywhere, newest))

    def make(self, text: str, also: str = "") -> bytes:
        """Return a statement.

        :param text: the SQL, in which ``{records}``, ``{branches}``, ``{about}`` and
                     ``{fields}`` stand for tables and columns

        :param also: stands for ``{also}``

        """
        # Placeholders are looked for in names, too.
        names = {
            name: getattr(self, name).replace("%", "%%")
            for name in ("records", "branches", "about")
        }
        text = text.replace("{also}", also).replace("?", "%s")
        return text.format(**names, fields=FIELDS).encode()


@lru_cache(_REMEMBERED)
def known(partition_key: str | None, app_id: str) -> tuple[bytes, bytes]:
    """Return what an application is found by."""
    return _digest(coded(partition_key)), _digest(app_id)


def row_of(draft: Draft) -> tuple[Any, ...]:
    """Return the parameters of :attr:`PostgresStatements.add`."""
    app = known(draft.partition_key, draft.app_id)
    step = step_of(draft) if draft.status == "completed" else None
    return (*app, *fields_of(draft, "")[:11], step)


def step_of(draft: Draft) -> bytes:
    """Return what stands for the position of a completed record."""
    return key_columns(draft.position)[0]


def array(ids: Iterable[int]) -> str:
    """Return numbers as PostgreSQL writes an array of them.

    >>> array([3, 5])
    '{3,5}'

    """
    return "{" + ",".join(map(str, ids)) + "}"


def _digest(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=32).digest()


def _quote(table: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in table_names(table))

"""What many coroutines ask a PostgreSQL server for at one time, as one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from .postgresstatements import PostgresStatements

__all__ = ["Batch", "batches_of"]

# An array takes the driver long, so that what has a known length, or is the rest, is
# in one, and what JSON has a form for is in JSON.

# Without the limit, a planner that thinks that the table is small reads all of it.
_FIND: Final = """
SELECT g.number, r.* FROM unnest(%b::bytea[]) WITH ORDINALITY AS g (key, number)
CROSS JOIN LATERAL (
    SELECT {fields}, payload FROM {records} WHERE id = (
        SELECT r.id FROM {branches} b CROSS JOIN LATERAL (
            SELECT n.id FROM {records} n WHERE n.branch = b.id AND n.hidden <> 1
            ORDER BY n.id DESC LIMIT 1) r
        WHERE b.partition_digest = substr(g.key, 1, 32)
        AND b.app_digest = substr(g.key, 33) AND r.id >= b.floor)
    LIMIT 1) r
"""

# As for one: each branch is locked before its record gets a number.  Branches and
# bases are each locked in one order, lest two that save, or one that saves and one
# that discards, wait for each other.
_ADD: Final = """
WITH given AS MATERIALIZED (
    SELECT * FROM ROWS FROM (
        json_to_recordset(?::json) AS (sequence_id bigint, position text, status text,
            created_at text, version bigint, size bigint, kind smallint, path text,
            place bigint, base bigint),
        unnest(%b::bytea[], %b::bytea[]))
    WITH ORDINALITY AS g (sequence_id, position, status, created_at, version, size,
        kind, path, place, base, key, payload, number)),
found AS MATERIALIZED (
    SELECT g.*, (
        SELECT b.id FROM {branches} b WHERE b.partition_digest = substr(g.key, 1, 32)
        AND b.app_digest = substr(g.key, 33, 32) FOR NO KEY UPDATE) AS branch
    FROM (SELECT * FROM given ORDER BY key) g),
numbered AS MATERIALIZED (
    SELECT f.*, nextval((SELECT pg_get_serial_sequence(?, 'id')::regclass)) AS id
    FROM (SELECT * FROM found WHERE branch IS NOT NULL ORDER BY number) f),
made AS (
    INSERT INTO {records} (id, branch, sequence_id, position, status, created_at,
        version, size, kind, path, place, base, payload, step, hidden)
    OVERRIDING SYSTEM VALUE
    SELECT id, branch, sequence_id, position, status, created_at, version, size, kind,
        path, place, base, payload, substr(key, 65), 0
    FROM numbered ORDER BY base
    ON CONFLICT DO NOTHING RETURNING id)
SELECT number, id FROM made JOIN numbered USING (id)
"""

_NAMES: Final = (
    "sequence_id position status created_at version size kind path place base".split()
)


@dataclass(frozen=True)
class Batch:
    """A statement that does what another one does, for many at once."""

    statement: bytes
    """The SQL, whose rows begin with the number, from 1 on, of whom they are for."""

    parameters: Callable[[Sequence[Sequence[Any]]], tuple[Any, ...]]
    """Makes of what the other one takes, for each, what this one takes."""


def batches_of(sql: PostgresStatements) -> dict[bytes, Batch]:
    """Return the statements that there are for many at once, by those for one.

    :param sql: knows the tables

    >>> sql = PostgresStatements("states")
    >>> find = batches_of(sql)[sql.find]
    >>> find.parameters([(b"user 1", b"chat"), (b"user 2", b"talk")])
    ([b'user 1chat', b'user 2talk'],)

    """
    return {
        sql.find: Batch(sql.make(_FIND), _keys),
        sql.add: Batch(sql.make(_ADD), partial(_rows, sql.records)),
    }


def _keys(requests: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    return (list(map(b"".join, requests)),)


def _rows(table: str, requests: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    rows, keys, payloads = [], [], []
    for partition, app, *fields, payload, step in requests:
        rows.append(dict(zip(_NAMES, fields, strict=True)))
        keys.append(partition + app + step)
        payloads.append(payload)
    return msgspec.json.encode(rows).decode(), keys, payloads, table

"""What many coroutines ask a PostgreSQL server for at one time, as one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

import msgspec

from .postgresstatements import PostgresStatements

__all__ = ["Batch", "batches_of"]

# An array takes the driver long, so that bytes are in one piece, of which each has its
# part, and what JSON has a form for is in JSON.

# Without the limit, a planner that thinks that the table is small reads all of it.
_FIND: Final = """
SELECT number, r.* FROM generate_series(1, octet_length(%(keys)b) / 64) number
CROSS JOIN LATERAL (
    SELECT {fields}, payload FROM {records} WHERE id = (
        SELECT r.id FROM {branches} b CROSS JOIN LATERAL (
            SELECT n.id FROM {records} n WHERE n.branch = b.id AND n.hidden <> 1
            ORDER BY n.id DESC LIMIT 1) r
        WHERE b.partition_digest = substr(%(keys)b::bytea, number * 64 - 63, 32)
        AND b.app_digest = substr(%(keys)b::bytea, number * 64 - 31, 32)
        AND r.id >= b.floor)
    LIMIT 1) r
"""

# As for one: each branch is locked before its record gets a number.  Branches and
# bases are each locked in one order, lest two that save, or one that saves and one
# that discards, wait for each other.
_ADD: Final = """
WITH given AS MATERIALIZED (
    SELECT * FROM ROWS FROM (
        json_to_recordset(%(rows)s::json) AS (sequence_id bigint, position text,
            status text, created_at text, version bigint, size bigint, kind smallint,
            path text, place bigint, base bigint, start integer, middle integer,
            past integer))
    WITH ORDINALITY AS g (sequence_id, position, status, created_at, version, size,
        kind, path, place, base, start, middle, past, number)),
found AS MATERIALIZED (
    SELECT number, (
        SELECT b.id FROM {branches} b
        WHERE b.partition_digest = k.partition AND b.app_digest = k.app
        FOR NO KEY UPDATE) AS branch
    FROM (
        SELECT number, substr(%(keys)b::bytea, number::integer * 64 - 63, 32) partition,
            substr(%(keys)b::bytea, number::integer * 64 - 31, 32) app
        FROM given ORDER BY partition, app) k),
numbered AS MATERIALIZED (
    SELECT number, branch,
        nextval((SELECT pg_get_serial_sequence(%(table)s, 'id')::regclass)) AS id
    FROM (SELECT * FROM found WHERE branch IS NOT NULL ORDER BY number) f),
made AS (
    INSERT INTO {records} (id, branch, sequence_id, position, status, created_at,
        version, size, kind, path, place, base, payload, step, hidden)
    OVERRIDING SYSTEM VALUE
    SELECT id, branch, sequence_id, position, status, created_at, version, size, kind,
        path, place, base, substr(%(data)b::bytea, start, middle - start),
        substr(%(data)b::bytea, middle, past - middle), 0
    FROM numbered JOIN given USING (number) ORDER BY base
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

    parameters: Callable[[Sequence[Sequence[Any]]], dict[str, Any]]
    """Makes of what the other one takes, for each, what this one takes."""


def batches_of(sql: PostgresStatements) -> dict[bytes, Batch]:
    """Return the statements that there are for many at once, by those for one.

    :param sql: knows the tables

    >>> sql = PostgresStatements("states")
    >>> find = batches_of(sql)[sql.find]
    >>> find.parameters([(b"user 1", b"chat"), (b"user 2", b"talk")])
    {'keys': b'user 1chatuser 2talk'}

    """
    return {
        sql.find: Batch(sql.make(_FIND), _keys),
        sql.add: Batch(sql.make(_ADD), partial(_rows, sql.records)),
    }


def _keys(requests: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {"keys": b"".join(chain.from_iterable(requests))}


def _rows(table: str, requests: Sequence[Sequence[Any]]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    keys: list[bytes] = []
    data: list[bytes] = []
    past = 1
    for partition, app, *fields, payload, step in requests:
        row = dict(zip(_NAMES, fields, strict=True))
        middle = past + len(payload)
        row |= {"start": past, "middle": middle, "past": middle + len(step)}
        past = row["past"]
        rows.append(row)
        keys += partition, app
        data += payload, step
    return {
        "rows": msgspec.json.encode(rows).decode(),
        "keys": b"".join(keys),
        "data": b"".join(data),
        "table": table,
    }

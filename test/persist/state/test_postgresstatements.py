"""The statements of persisters on PostgreSQL."""

from __future__ import annotations

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state.chain import Stored
from zensols.persist.state.postgresstatements import (
    PostgresStatements,
    array,
    known,
    row_of,
)
from zensols.persist.state.record import Draft, Span


def draft(partition: str | None, app: str, position: str, status: str) -> Draft:
    stored = Stored("delta", b"12", (3, 5), 6)
    return Draft(partition, app, 7, position, status, "2026", 2, 10, stored)  # type: ignore[arg-type]


def test_a_parameter_for_each_placeholder() -> None:
    row = row_of(draft("p", "app", "step", "completed"))
    assert PostgresStatements("a").add.count(b"%s") == len(row)


def test_only_completed_ones_have_a_step() -> None:
    assert row_of(draft("p", "app", "step", "completed"))[-1] == b"step"
    assert row_of(draft("p", "app", "step", "failed"))[-1] is None
    long = row_of(draft("p", "app", "x" * 5000, "completed"))[-1]
    assert len(long) == 33


def test_applications_are_told_apart() -> None:
    apps = [(None, ""), ("", ""), ("a", ""), ("", "a"), ("\ud800", "\ud801")]
    assert len({known(*app) for app in apps}) == len(apps)
    assert {len(part) for app in apps for part in known(*app)} == {32}


def test_names_are_quoted() -> None:
    sql = PostgresStatements('s?.a"%s {records}')
    quoted = b'"s?"."a""%%s {records}"'
    spans = [Span(1, 2, None)]
    for statement in (
        sql.find,
        sql.add,
        sql.delete,
        sql.find_in(spans, 3),
        sql.list_records(spans, True),
    ):
        assert quoted in statement
    assert sql.find_in(spans, 3).count(b"%s") - sql.find_in(spans, 3).count(b"%%s") == 1
    assert (sql.schema, PostgresStatements("a").schema) == ("s?", None)


@pytest.mark.parametrize("table", ["", "a.b.c", "a\0", "x" * 55])
def test_no_name(table: str) -> None:
    with pytest.raises(PersistableError, match="is no name in PostgreSQL"):
        PostgresStatements(table)
    PostgresStatements("x" * 54)


def test_array() -> None:
    assert array([]) == "{}"

"""The statements of persisters on SQL databases."""

from __future__ import annotations

import pytest

from zensols.persist.state.chain import Stored
from zensols.persist.state.record import Draft, Span
from zensols.persist.state.sqlstatements import (
    Statements,
    branch_of,
    fields_of,
    piece_of,
    record_of,
)

SQL = Statements('"states"', '"branches"')


@pytest.mark.parametrize(
    "stored",
    [
        Stored("whole", b"{}"),
        Stored("delta", b"12", (3, 5), 6),
        Stored("same", b"", (3,), 1),
    ],
)
def test_what_is_stored_comes_back(stored: Stored) -> None:
    draft = Draft("p", "app", 7, "step", "failed", "2026", 2, 10, stored)
    fields = fields_of(draft, "=p")
    assert SQL.add.count("?") == len(fields)
    sequence_id, position, status, created_at, version, size, kind, path, place = (
        fields[:9]
    )
    row = (
        *(1, 2, sequence_id, position, status, created_at, version, size),
        *(kind, path, place, stored.payload),
    )
    record = record_of(row)
    assert (record.id, record.branch, record.stored) == (1, 2, stored)
    assert (record.sequence_id, record.position, record.status) == (7, "step", "failed")
    assert (record.created_at, record.version, record.size) == ("2026", 2, 10)
    assert record_of(row[:-1]).stored.payload == b""
    assert piece_of((1, kind, memoryview(stored.payload))) == (1, record.piece)


def test_branch_of_a_row() -> None:
    branch = branch_of((2, 1, 1, 7, None, 3))
    assert (branch.root, branch.last, branch.app_id, branch.floor) == (1, 7, None, 3)


def test_spans_are_numbers() -> None:
    spans = [Span(2, 3, None), Span(1, 3, 9)]
    within = "branch = 2 AND id >= 3 OR branch = 1 AND id >= 3 AND id <= 9"
    assert f"({within})" in SQL.find_in(spans, None)
    assert f"({within})" in SQL.list_records(spans, True)
    with pytest.raises(ValueError, match="format code"):
        SQL.find_in([Span("1; DROP", 0, None)], None)  # type: ignore[arg-type]

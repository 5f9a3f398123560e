"""What is stored of a state, and what of the applications that have states."""

from __future__ import annotations

import pytest

from zensols.persist.state.chain import Stored
from zensols.persist.state.record import Record, Span


def record(id_: int, branch: int) -> Record:
    stored = Stored("whole", b"{}")
    return Record(id_, branch, 1, "step", "completed", "", None, 2, stored)


def test_piece_is_kind_and_payload() -> None:
    assert record(1, 1).piece == ("whole", b"{}")


@pytest.mark.parametrize(
    ("id_", "branch", "inside"),
    [(4, 1, False), (5, 1, True), (9, 1, True), (10, 1, False), (7, 2, False)],
)
def test_span_has_its_ends(id_: int, branch: int, inside: bool) -> None:
    assert (record(id_, branch) in Span(1, 5, 9)) is inside


def test_span_without_an_end_has_all_that_come() -> None:
    assert record(10**9, 1) in Span(1, 0, None)

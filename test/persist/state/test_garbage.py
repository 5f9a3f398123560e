"""Find what no application has any more."""

from __future__ import annotations

from zensols.persist.state.chain import Stored
from zensols.persist.state.garbage import Garbage, find_garbage, spans_of
from zensols.persist.state.record import Branch, Record, Span


def record(id_: int, branch: int, *path: int) -> Record:
    stored = Stored("delta" if path else "whole", b"", path)
    return Record(id_, branch, id_, "step", "completed", "", None, 0, stored)


MAIN = Branch(1, 1, None, None, "main", 0)
FORK = Branch(2, 1, 1, 12, "fork", 0)
SECOND = Branch(3, 1, 2, 21, "second", 11)
RECORDS = [
    record(10, 1),
    record(11, 1, 10),
    record(12, 1, 10, 11),
    record(13, 1, 10, 11),
    record(20, 2, 10, 11),
    record(21, 2),
    record(30, 3),
]


def released(branch: Branch) -> Branch:
    return Branch(
        branch.id, branch.root, branch.parent, branch.last, None, branch.floor
    )


def test_spans_go_back_to_the_beginning() -> None:
    assert spans_of(SECOND, [MAIN, FORK, SECOND]) == [
        Span(3, 11, None),
        Span(2, 11, 21),
        Span(1, 11, 12),
    ]


def test_nothing_is_garbage_that_applications_have() -> None:
    assert find_garbage([MAIN, FORK, SECOND], RECORDS) == Garbage([], [], [])


def test_what_only_a_deleted_application_had_is_garbage() -> None:
    garbage = find_garbage([released(MAIN), FORK, SECOND], RECORDS)
    assert garbage == Garbage([13], [], [])


def test_what_states_are_stored_against_is_hidden() -> None:
    # The last one's past begins with 11, which is stored against 10.
    garbage = find_garbage([released(MAIN), released(FORK), SECOND], RECORDS)
    assert garbage == Garbage([13], [10], [])


def test_everything_of_nobody_is_garbage() -> None:
    branches = [released(MAIN), released(FORK), released(SECOND)]
    garbage = find_garbage(branches, RECORDS)
    assert garbage == Garbage([30, 21, 20, 13, 12, 11, 10], [], [1, 2, 3])


def test_what_is_of_another_family_is_left_to_that() -> None:
    # An application that was deleted, and then saved by who didn't know.
    records = [record(40, 1, 10, 11), record(41, 1, 10, 11, 40)]
    cut = Branch(1, 1, None, None, "main", 41)
    assert find_garbage([cut], records) == Garbage([], [40], [])


def test_floor_hides_what_is_before() -> None:
    cut = Branch(1, 1, None, None, "main", 13)
    garbage = find_garbage([cut], RECORDS[:4])
    assert garbage == Garbage([12], [10, 11], [])

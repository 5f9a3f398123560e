from __future__ import annotations

from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.domain import chunks


@given(st.lists(st.integers()), st.integers(min_value=1, max_value=20))
def test_chunks_are_full_lists_that_join_to_the_source(
    items: list[int], size: int
) -> None:
    cut = list(chunks(items, size))
    assert [item for chunk in cut for item in chunk] == items
    assert all(len(chunk) == size for chunk in cut[:-1])
    assert all(type(chunk) is list and 0 < len(chunk) <= size for chunk in cut)


def test_enum_pairs_items_with_their_index_in_the_chunk() -> None:
    assert list(chunks("abc", 2, enum=True)) == [[(0, "a"), (1, "b")], [(0, "c")]]


def test_takes_no_more_than_asked_for() -> None:
    source = count()
    assert list(islice(chunks(source, 3), 2)) == [[0, 1, 2], [3, 4, 5]]
    assert next(source) == 6


def test_f_next_needs_no_iter() -> None:
    cut = chunks(range(3), 2)
    assert next(cut) == [0, 1]
    assert next(cut) == [2]
    with pytest.raises(StopIteration):
        next(cut)


def test_f_two_loops_do_not_disturb_each_other() -> None:
    cut = chunks(range(4), 2)
    assert [(a, b) for a in cut for b in cut] == [
        ([0, 1], [0, 1]),
        ([0, 1], [2, 3]),
        ([2, 3], [0, 1]),
        ([2, 3], [2, 3]),
    ]


@pytest.mark.parametrize("size", [0, -1])
def test_f_size_must_be_positive(size: int) -> None:
    with pytest.raises(ValueError, match=f"must be positive: {size}"):
        chunks(range(4), size)

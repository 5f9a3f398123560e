"""What differs between two states."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zensols.persist.state.diff import Difference, find_differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
STATES = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({}, {"a": 1}, ["+ a: 1"]),
        ({"a": None}, {}, ["- a: None"]),
        ({"a": 1}, {"a": 2}, ["~ a: 1 → 2"]),
        ({"a": 1}, {"a": True}, ["~ a: 1 → True"]),
        ({"a": [1, 2]}, {"a": [1]}, ["- a[1]: 2"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}, 3]}, ["~ a[0].b: 1 → 2", "+ a[1]: 3"]),
        ({"a": (1,)}, {"a": [1]}, ["~ a: (1,) → [1]"]),
        ({"a b": {1: 2}}, {"a b": {1: 3}}, ["~ ['a b'][1]: 2 → 3"]),
        ({"a": {"b": 1}}, {"a": 1}, ["~ a: {'b': 1} → 1"]),
    ],
)
def test_shows_where_and_what(before: Any, after: Any, shown: list[str]) -> None:
    assert [str(found) for found in find_differences(before, after)] == shown


@given(STATES)
def test_equal_states_have_none(state: dict[str, Any]) -> None:
    assert find_differences(state, dict(state)) == []


@given(STATES, STATES)
@example({"a": 0, "b": 1}, {"b": 1, "a": 0})
def test_other_way_round_is_the_opposite(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    there = {(opposite[d.kind], d.path) for d in find_differences(one, other)}
    assert there == {(d.kind, d.path) for d in find_differences(other, one)}
    # JSON tells 1 from True, and need not tell one order of names from another.
    before, after = (json.dumps(state, sort_keys=True) for state in (one, other))
    assert bool(there) == (before != after)


def test_arrays_are_compared_as_a_whole() -> None:
    one, other = {"a": np.zeros(3)}, {"a": np.zeros(3)}
    assert find_differences(one, other) == []
    other["a"][1] = 1
    assert [d.path for d in find_differences(one, other)] == ["a"]
    other["a"] = np.zeros(4)
    assert [d.kind for d in find_differences(one, other)] == ["changed"]


def test_difference_has_both_values() -> None:
    assert find_differences({"a": 1}, {"a": 2}) == [Difference("changed", "a", 1, 2)]

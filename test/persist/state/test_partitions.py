"""Partitions as texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.state.partitions import coded, decoded

PARTITIONS = st.none() | st.text()


@given(PARTITIONS)
def test_comes_back(partition: str | None) -> None:
    assert decoded(coded(partition)) == partition


@given(PARTITIONS, PARTITIONS)
def test_are_told_apart(one: str | None, other: str | None) -> None:
    assert (coded(one) == coded(other)) == (one == other)

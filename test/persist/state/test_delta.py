"""What changed from one state to another, as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.error import CorruptDataError
from zensols.persist.state.delta import apply_delta, make_delta

HEADER = 8


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_makes_the_new_of_the_old(old: bytes, new: bytes) -> None:
    assert apply_delta(old, make_delta(old, new)) == new


@given(st.binary(), st.binary(max_size=9), st.binary(max_size=9), st.binary())
def test_has_only_what_changed(
    head: bytes, before: bytes, after: bytes, tail: bytes
) -> None:
    delta = make_delta(head + before + tail, head + after + tail)
    assert len(delta) <= HEADER + len(after)


@given(st.binary(max_size=40))
def test_equal_ones_take_no_space(data: bytes) -> None:
    assert len(make_delta(data, data)) == HEADER


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_repetition_is_not_kept_twice(once: bytes, more: bytes) -> None:
    old, new = once, once + once + more
    assert apply_delta(old, make_delta(old, new)) == new


@pytest.mark.parametrize("delta", [b"", b"1234567"])
def test_truncated_delta_is_noticed(delta: bytes) -> None:
    with pytest.raises(CorruptDataError, match=f"only {len(delta)} bytes"):
        apply_delta(b"old", delta)


def test_delta_for_others_is_noticed() -> None:
    with pytest.raises(CorruptDataError, match="keeps 9 bytes, but there are only 3"):
        apply_delta(b"old", make_delta(b"new state", b"new state"))

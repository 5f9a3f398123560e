from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.stash.wording import (
    age_text,
    duration_text,
    escape,
    size_text,
    unescape,
)

TEXT = st.text(st.characters(exclude_categories=()))


@given(TEXT)
def test_escaping_can_be_undone(text: str) -> None:
    escaped = escape(text)
    assert escaped.isprintable()
    assert unescape(escaped) == text


@pytest.mark.parametrize("text", ["a\\q", "\\x1", "\\U00110000", "\\"])
def test_what_is_no_escape_stays(text: str) -> None:
    assert unescape(text) == text


@pytest.mark.parametrize("text", ["a b.c:1", "é", "日本", ""])
def test_ordinary_keys_stay(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1 << 30, "1.0 GiB"),
        (1 << 50, "1024.0 TiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 µs"), (0.5, "500.0 ms"), (90, "1.5 min"), (172800, "2.0 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.9, "59 s"), (7200, "2 h"), (1e6, "11 d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age_text(seconds) == text

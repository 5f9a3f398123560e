from __future__ import annotations

from datetime import timedelta

import pytest

from zensols.persist.cli.ages import parse_age
from zensols.persist.cli.exits import UsageError


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90min", timedelta(minutes=90)),
        (" 36 h ", timedelta(hours=36)),
        ("1.5d", timedelta(days=1.5)),
        ("2w", timedelta(weeks=2)),
        ("0s", timedelta()),
    ],
)
def test_ages(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("30", "is no age"),
        ("-1d", "is no age"),
        ("3 months", "is no age"),
        ("٣d", "is no age"),
        ("200000w", "than there are"),
        ("9" * 400 + "d", "than there are"),
    ],
)
def test_what_is_none(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        parse_age(text)

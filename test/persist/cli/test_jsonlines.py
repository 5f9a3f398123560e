from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from zensols.persist import PersistableError
from zensols.persist.cli.jsonlines import read_lines, to_line


@pytest.mark.parametrize(
    "value", [None, 1.5, float("inf"), 10**1000, "é\udc80\n", {1: {2}}, dt.date.max]
)
@pytest.mark.parametrize("key", ["a", "", "\n", "\udc80", "é"])
def test_goes_both_ways(key: str, value: Any) -> None:
    line = to_line(key, value)
    assert line.count(b"\n") == 1
    assert list(read_lines([b"\n", line, line])) == [(key, value)] * 2


def test_no_form() -> None:
    with pytest.raises(PersistableError, match="no form"):
        to_line("a", object())


@pytest.mark.parametrize("line", [b"x", b"[]", b"1", b'{"key": "a"}', b"\xff"])
def test_other_lines(line: bytes) -> None:
    with pytest.raises(PersistableError, match="line 2"):
        list(read_lines([to_line("a", 1), line]))

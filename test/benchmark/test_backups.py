from __future__ import annotations

import doctest

import pytest

from benchmark import backups
from benchmark.row import OURS
from benchmark.timing import QUICK

CASES = {case.name: case for case in backups.CASES}


@pytest.mark.parametrize("name", CASES)
def test_contenders_are_measured(name: str) -> None:
    row = CASES[name].run(QUICK)
    assert row.find(CASES[name].baseline) is not None
    assert row.ours.spread.median > 0
    assert row.passed is not None, "there is a bar"
    assert {OURS, "json.dump, indented"} <= {m.name for m in row.measurements}


def test_examples() -> None:
    result = doctest.testmod(backups)
    assert result.attempted
    assert not result.failed

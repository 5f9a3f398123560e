from __future__ import annotations

import pytest

from benchmark import snapshots
from benchmark.timing import QUICK

CASES = {case.name: case for case in snapshots.CASES}


@pytest.mark.parametrize("name", CASES)
def test_contenders_are_measured(name: str) -> None:
    row = CASES[name].run(QUICK)
    assert row.find(CASES[name].baseline) is not None
    assert row.ours.spread.median > 0
    assert row.find("shutil.copytree") is not None
    assert row.passed is not None, "there is a bar"

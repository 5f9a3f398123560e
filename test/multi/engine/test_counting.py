from __future__ import annotations

import math
import os
from typing import Any

import pytest
from programs import run_code

from zensols.multi.engine import count_workers

CORES = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        (1, 1),
        (1000, 1000),
        (0, CORES),
        (-1, max(1, CORES - 1)),
        (-CORES, 1),
        (-1000, 1),
        (1.0, CORES),
        (2.0, 2 * CORES),
        (0.001, 1),
        (1.001, CORES + 1),
    ],
)
def test_counts(asked: float, got: int) -> None:
    assert count_workers(asked) == got


@pytest.mark.parametrize(
    "asked", [0.0, -0.5, math.nan, math.inf, -math.inf, True, False, None, "2"]
)
def test_f_refuses_what_is_no_number_of_workers(asked: Any) -> None:
    with pytest.raises(ValueError, match=r"positive number, 0 for .* such as 0\.5"):
        count_workers(asked)


def test_counts_cores_that_may_be_used() -> None:
    said = run_code(
        """
        import os
        from zensols.multi.engine import count_workers
        os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])
        print(count_workers(0), count_workers(1.0), count_workers(-1))
        """
    )
    assert said == "1 1 1"

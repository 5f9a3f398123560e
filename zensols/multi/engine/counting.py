"""How many workers there are to be."""

from __future__ import annotations

import math
import os

__all__ = ["count_workers"]


def count_workers(workers: float) -> int:
    """Return how many workers somebody asks for.

    Safe to call from any thread.

    :param workers: a positive integer for as many; 0 for as many as there are cores
                    that this process may use; a negative integer for so many less,
                    though one at least; a float for that fraction of the cores,
                    rounded up

    :raises ValueError: if it is anything else, such as a float of 0 or less

    >>> count_workers(3)
    3
    >>> count_workers(-1_000_000)
    1
    >>> count_workers(0) == count_workers(1.0)
    True

    """
    match workers:
        case bool():
            pass
        case int() if workers > 0:
            return workers
        case int():
            return max(1, _count_cores() + workers)
        case float() if 0 < workers < math.inf:
            return math.ceil(_count_cores() * workers)
    raise ValueError(
        f"Can't have {workers!r} workers: give a positive number, 0 for one on each "
        f"core, a negative number for so many less, or a positive fraction of the "
        f"cores, such as 0.5"
    )


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

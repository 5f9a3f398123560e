"""How long the runs of the program took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """What one run did."""

    modules: int
    """How many it was about."""

    computed: int
    """For how many of them it had to compute the features."""

    seconds: float

    finished: bool
    """Whether it wasn't interrupted."""


def speedup(runs: Sequence[Run]) -> float | None:
    """Return how many times as fast the last run was as those, together, that
    computed what it read; None if it had to compute something itself.

    """
    last = runs[-1]
    seconds = sum(r.seconds for r in runs if r.computed and r.modules == last.modules)
    return seconds / last.seconds if seconds and not last.computed else None

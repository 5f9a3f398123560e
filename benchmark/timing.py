"""Measuring contenders by turns, so that what slows the machine down slows all
of them down.

"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from timeit import Timer
from typing import Any

__all__ = [
    "QUICK",
    "Contender",
    "Measurement",
    "Settings",
    "Spread",
    "interleave",
    "time_all",
]


@dataclass(frozen=True)
class Settings:
    """How much to measure."""

    rounds: int = 31
    """How often each contender gets its turn."""

    few_rounds: int = 11
    """The same, for what takes a good part of a second each time."""

    sample_seconds: float = 0.02
    """How long a turn takes at least; the statement is repeated as needed."""

    entries: int = 10_000
    """How many files are in the folder that is listed."""

    array_bytes: int = 256 << 20
    """The size of the array."""

    batch: int = 10_000
    """How many values are dumped at once."""

    many: int = 1_000_000
    """How many keys a large store has."""

    copied: int = 100_000
    """How many entries are copied."""

    worked: int = 10_000
    """How many items are worked on in parallel."""

    naps: int = 400
    """How many of them only wait."""

    messages: int = 1000
    """How long a conversation gets."""

    calls: int = 20
    """How often each of many applications saves or loads a state in its turn."""


QUICK = Settings(
    rounds=2,
    few_rounds=2,
    sample_seconds=0.0005,
    entries=100,
    array_bytes=2 << 20,
    batch=100,
    many=1000,
    copied=100,
    worked=100,
    naps=16,
    messages=100,
    calls=2,
)
"""Enough to see that everything runs, and too little to believe the figures."""


@dataclass(frozen=True)
class Contender:
    """What is timed: a statement, as for :mod:`timeit`."""

    name: str

    statement: str
    """Python statements, one in each line."""

    scope: Mapping[str, Any]
    """The names in the statement."""

    operations: int = 1
    """How many operations the statement does."""


@dataclass(frozen=True)
class Spread:
    """The median of some values, and the quartiles around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of one value or more.

        :param values: in any order

        >>> Spread.of([3, 1, 2])
        Spread(low=1.5, median=2, high=2.5)

        """
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, _, high = quantiles(values, n=4, method="inclusive")
        return cls(low, median(values), high)


@dataclass(frozen=True)
class Measurement:
    """What one contender took, in the order of its turns."""

    name: str

    values: tuple[float, ...]
    """Seconds for one operation, or bytes."""

    @property
    def spread(self) -> Spread:
        """The values' median and quartiles."""
        return Spread.of(self.values)

    def ratio_to(self, baseline: Measurement) -> Spread | None:
        """Return the median of the ratios to another contender in the same round.

        :param baseline: measured by turns with this one

        :return: None if the other took nothing

        """
        if not all(baseline.values):
            return None
        pairs = zip(self.values, baseline.values, strict=True)
        return Spread.of([mine / its for mine, its in pairs])


def interleave(
    samplers: Mapping[str, Callable[[], float]], rounds: int
) -> list[Measurement]:
    """Take one sample of each in turn, again and again, every other time in the
    opposite order.

    :param samplers: names, and functions that take a sample

    :param rounds: how many samples to take of each

    """
    values: dict[str, list[float]] = {name: [] for name in samplers}
    names = list(samplers)
    for _ in range(rounds):
        for name in names:
            values[name].append(samplers[name]())
        names.reverse()
    return [Measurement(name, tuple(found)) for name, found in values.items()]


def time_all(
    contenders: Sequence[Contender], rounds: int, sample_seconds: float
) -> list[Measurement]:
    """Time contenders by turns, without garbage collection, as timeit does.

    :param contenders: in the order of the result

    :param rounds: how many turns each has

    :param sample_seconds: how long a turn takes at least

    :return: the seconds that one operation took

    """
    return interleave({c.name: _sampler(c, sample_seconds) for c in contenders}, rounds)


def _sampler(contender: Contender, seconds: float) -> Callable[[], float]:
    timer = Timer(contender.statement, globals=dict(contender.scope))
    number = 1
    while (taken := timer.timeit(number)) < seconds:
        # At most tenfold, since the first runs are slower.
        number *= max(2, min(10, math.ceil(1.2 * seconds / taken)))
    operations = number * contender.operations
    return lambda: timer.timeit(number) / operations

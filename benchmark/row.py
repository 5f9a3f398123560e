"""What is compared, the bars that were set, and what came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .timing import Measurement, Settings, Spread

__all__ = ["OURS", "Bar", "Case", "LeftOut", "Row"]

OURS = "zensols.persist"
"""What our contender is called in each row."""

Unit = Literal["seconds", "bytes"]


class LeftOut(Exception):  # noqa: N818  it is no error
    """Raised by a case that can't be carried out here, saying why."""


@dataclass(frozen=True)
class Bar:
    """What we set out to reach."""

    limit: float
    """The most that passes."""

    of: Literal["ratio", "value"] = "ratio"
    """Whether it bounds the ratio to the baseline or our own figure."""


@dataclass(frozen=True)
class Case:
    """A comparison to carry out."""

    name: str
    """What to call it on the command line."""

    title: str
    """What is done."""

    baseline: str
    """The contender that the others are compared to."""

    measure: Callable[[Settings], Sequence[Measurement]]
    """Carries it out, leaving out the peers that are not installed, or raises
    :class:`LeftOut`.
    """

    bar: Bar | None = None

    unit: Unit = "seconds"

    note: str = ""
    """What a reader must know to read the figures right."""

    chapter: str = "Calls, files and arrays"
    """Under what heading it stands in the documentation."""

    def run(self, settings: Settings) -> Row:
        """Carry out the comparison.

        :param settings: how much to measure

        :raises LeftOut: if that can't be done here

        """
        return Row(self, tuple(self.measure(settings)))


@dataclass(frozen=True)
class Row:
    """A comparison that has been carried out."""

    case: Case

    measurements: tuple[Measurement, ...]

    def find(self, name: str) -> Measurement | None:
        """Return the measurement of a contender, if it took part.

        :param name: the contender

        """
        return next((m for m in self.measurements if m.name == name), None)

    @property
    def ours(self) -> Measurement:
        """Our own measurement."""
        found = self.find(OURS)
        assert found is not None, f"{self.case.name} does not measure {OURS}"
        return found

    def ratio(self, measurement: Measurement) -> Spread | None:
        """Return how many times the baseline's figure a measurement is.

        :param measurement: one of this row

        :return: None if there is no baseline or it is nothing

        """
        baseline = self.find(self.case.baseline)
        return None if baseline is None else measurement.ratio_to(baseline)

    @property
    def reached(self) -> float | None:
        """The figure that the bar bounds; None if it could not be measured."""
        if self.case.bar is not None and self.case.bar.of == "value":
            return self.ours.spread.median
        ratio = self.ratio(self.ours)
        return None if ratio is None else ratio.median

    @property
    def passed(self) -> bool | None:
        """Whether we reached the bar; None if there is none, or nothing to
        compare with it.

        """
        reached, bar = self.reached, self.case.bar
        return None if reached is None or bar is None else reached <= bar.limit

    def to_json(self) -> dict[str, Any]:
        """Return what came out, in JSON's types."""
        bar = self.case.bar
        return {
            "name": self.case.name,
            "title": self.case.title,
            "unit": self.case.unit,
            "baseline": self.case.baseline,
            "bar": None if bar is None else {"limit": bar.limit, "of": bar.of},
            "reached": self.reached,
            "passed": self.passed,
            "note": self.case.note,
            "contenders": [
                {
                    "name": m.name,
                    "value": _spread_json(m.spread),
                    "ratio": _spread_json(self.ratio(m)),
                    "samples": len(m.values),
                }
                for m in self.measurements
            ],
        }


def _spread_json(spread: Spread | None) -> list[float] | None:
    return None if spread is None else [spread.low, spread.median, spread.high]

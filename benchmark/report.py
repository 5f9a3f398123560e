"""Figures as text."""

from __future__ import annotations

from collections.abc import Sequence

from .row import Row
from .timing import Spread

__all__ = [
    "bar_text",
    "block",
    "columns",
    "detail",
    "figure",
    "ratio_text",
    "reached_text",
    "summary",
    "verdict",
]

_SCALES = {
    "seconds": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "bytes": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")),
}


def figure(value: float, unit: str) -> str:
    """Return a figure with three digits and its unit.

    :param value: the figure

    :param unit: ``seconds`` or ``bytes``

    >>> figure(0.00123, "seconds"), figure(48 << 20, "bytes"), figure(0, "bytes")
    ('1.23 ms', '48.0 MiB', '0.00 B')

    """
    scale, symbol = next(
        ((s, name) for s, name in _SCALES[unit] if value >= s), _SCALES[unit][-1]
    )
    return f"{_digits(value / scale)} {symbol}"


def _digits(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 or not value else f"{value:.2g}"


def ratio_text(ratio: Spread | None) -> str:
    """Return the median of ratios.

    :param ratio: none if there is no baseline

    """
    return "" if ratio is None else f"{_digits(ratio.median)} ×"


def _span(spread: Spread | None) -> str:
    return "" if spread is None else f"{_digits(spread.low)} … {_digits(spread.high)}"


def bar_text(row: Row) -> str:
    """Return what was to be reached.

    :param row: any

    >>> from benchmark.row import Bar, Case
    >>> bar_text(Row(Case("a", "do it", "diskcache", lambda _: (), Bar(1 / 4)), ()))
    'at least 4.00 × faster than diskcache'

    """
    bar = row.case.bar
    if bar is None:
        return "none"
    if bar.of == "value":
        return f"at most {figure(bar.limit, row.case.unit)}"
    if _is_gain(row):
        return f"at least {_digits(1 / bar.limit)} × faster than {row.case.baseline}"
    return f"at most {_digits(bar.limit)} × {row.case.baseline}"


def _is_gain(row: Row) -> bool:
    bar = row.case.bar
    return bar is not None and bar.of == "ratio" and bar.limit < 1


def reached_text(row: Row) -> str:
    """Return what was reached, in the terms of the bar.

    :param row: any

    """
    reached = row.reached
    if reached is None:
        return f"not measured: no {row.case.baseline}"
    if row.case.bar is not None and row.case.bar.of == "value":
        return figure(reached, row.case.unit)
    if _is_gain(row):
        if reached > 1:
            return f"{_digits(reached)} × slower"
        return f"{_digits(1 / reached)} × faster" if reached else "took no time"
    return f"{_digits(reached)} ×"


def verdict(row: Row) -> str:
    """Return whether the bar was reached.

    :param row: any

    """
    return {True: "pass", False: "MISS", None: ""}[row.passed]


def detail(row: Row) -> list[list[str]]:
    """Return the cells of a row's contenders: the name, what it took, how many
    times the baseline's that is, and between what quartiles.

    :param row: any

    """
    return [
        [
            m.name,
            figure(m.spread.median, row.case.unit),
            ratio_text(row.ratio(m)),
            _span(row.ratio(m)),
        ]
        for m in row.measurements
    ]


def columns(cells: Sequence[Sequence[str]], indent: str = "") -> str:
    """Return cells as lines, the first of each to the left, the others to the
    right.

    :param cells: lines of as many cells each

    :param indent: what each line begins with

    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        indent
        + "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def block(row: Row) -> str:
    """Return the text of a row with its contenders.

    :param row: any

    """
    return f"{row.case.title}\n{columns(detail(row), '  ')}\n"


def summary(rows: Sequence[Row]) -> list[list[str]]:
    """Return the cells of the rows that have a bar, under a line of headings.

    :param rows: any

    """
    return [
        ["what", "bar", "reached", ""],
        *(
            [row.case.title, bar_text(row), reached_text(row), verdict(row)]
            for row in rows
            if row.case.bar is not None
        ),
    ]

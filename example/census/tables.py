"""Tables for people, on 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from .package import Package
from .report import Report
from .runs import Run


def findings(report: Report) -> Group:
    """Return what was found out."""
    side_by_side = Table.grid(padding=(0, 3))
    side_by_side.add_row(_pairs(report), _calls(report))
    return Group(_packages(report.packages), _functions(report), side_by_side)


def history(runs: Sequence[tuple[str, Run]]) -> Table:
    """Return what the last of some numbered runs did."""
    table = _table("run", "modules", "computed", "seconds", "<")
    for number, run in runs[-5:]:
        table.add_row(
            number,
            f"{run.modules:,}",
            f"{run.computed:,}",
            f"{run.seconds:.2f}",
            "" if run.finished else "interrupted",
        )
    return table


def _table(*headings: str) -> Table:
    """Return a table of numbers, and of text under headings that begin with <."""
    table = Table(
        box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False, header_style="cyan"
    )
    for heading in headings:
        text = heading.removeprefix("<")
        if text == heading:
            table.add_column(text, justify="right", no_wrap=True)
        else:
            table.add_column(text, overflow="ellipsis")
    return table


def _packages(packages: Sequence[Package], shown: int = 14) -> Table:
    table = _table(
        "<package", "modules", "lines", "functions", "complexity", "max", "documented"
    )
    rows, others = list(packages[:shown]), packages[shown:]
    if others:
        rows.append(Package.together(f"{len(others)} others", others))
    for package in rows:
        table.add_row(*_cells(package))
    table.add_section()
    table.add_row(*_cells(Package.together("all", packages)), style="bold")
    return table


def _cells(package: Package) -> list[str]:
    return [
        package.name,
        f"{package.modules:,}",
        f"{package.lines:,}",
        f"{package.functions:,}",
        f"{package.mean_complexity:.1f}",
        str(package.max_complexity),
        f"{package.coverage:.0%}",
    ]


def _functions(report: Report) -> Table:
    table = _table("complexity", "<most complex functions", "<module, line")
    for module, function in report.most_complex:
        place = f"{module}, {function.line}"
        table.add_row(str(function.complexity), function.name, place)
    return table


def _pairs(report: Report) -> Table:
    table = _table("<names that go", "<together", "share")
    for one, other, share in report.pairs:
        table.add_row(one, other, f"{share:.0%}")
    return table


def _calls(report: Report) -> Table:
    table = _table("<most called", "calls")
    for name, calls in report.most_called:
        table.add_row(name, f"{calls:,}")
    return table

"""The page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .report import detail, summary
from .timing import Settings

if TYPE_CHECKING:
    from .row import Row

__all__ = ["page"]


def page(rows: Sequence[Row], machine: Mapping[str, str], settings: Settings) -> str:
    """Return the page in Markdown.

    :param rows: all of them

    :param machine: what was measured on, under headings

    :param settings: how much was measured

    """
    missed = [row.case.title for row in rows if row.passed is False]
    return "\n".join(
        [
            "# Benchmark",
            "",
            "Made by `make bench ARGS=--update-docs`; don't edit.",
            "",
            "## Bars",
            "",
            "What was set out to be reached, and what was measured, missed or not. "
            + (f"Missed here: {', '.join(missed)}." if missed else "None is missed."),
            "",
            *_table(summary(rows)),
            "",
            "![Ours and the peers beside bare Python](benchmark.svg)",
            "",
            "## All figures",
            "",
            *(line for row in rows for line in _section(row)),
            "## How it was measured",
            "",
            *(f"* **{name}**: {text}" for name, text in machine.items()),
            "",
            "Contenders take turns, each time in the opposite order, so that a busy "
            "machine slows all of them. "
            f"A turn takes at least {settings.sample_seconds * 1000:.0f} ms without "
            f"garbage collection, and each has {settings.rounds} of them "
            f"({settings.few_rounds} for arrays, {settings.rounds // 2} for imports, "
            "3 for memory).",
            "A figure is the median of the turns; a ratio is the median of the ratios "
            "to the baseline in the same round, and beside it stand its quartiles: "
            "where they are far apart, the machine was busy.",
            "Files are on a memory file system, since the write-back of a disk drowns "
            "everything else: on a disk all contenders are slower, and the ratios "
            "closer to one.",
            "",
            "Run it yourself: `make bench`, or `make bench ARGS='--only load'`, and "
            "`make bench ARGS=--help` for more.",
            "",
        ]
    )


def _section(row: Row) -> list[str]:
    title = row.case.title
    lines = [f"### {title[0].upper()}{title[1:]}", ""]
    if row.case.note:
        lines += [row.case.note, ""]
    headings = ["contender", "median", f"÷ {row.case.baseline}", "quartiles"]
    return [*lines, *_table([headings, *detail(row)]), ""]


def _table(cells: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(line)} |" for line in cells]
    rule = ["---", *("---:" for _ in cells[0][1:])]
    return [lines[0], f"| {' | '.join(rule)} |", *lines[1:]]

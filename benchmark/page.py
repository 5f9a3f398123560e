"""The page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .report import detail, summary
from .timing import Settings

if TYPE_CHECKING:
    from .row import Row

__all__ = ["page"]

_PAGE = """\
# Benchmark

Made by `make bench ARGS=--update-docs`; don't edit.

## Bars

What was set out to be reached, and what was; {missed}.

{bars}

![Ours and the peers beside bare Python](benchmark.svg)

{chapters}
## How it was measured

{machine}

Contenders take turns, every other time in the opposite order, so that a busy machine slows all of them.
A turn takes at least {milliseconds} ms, without garbage collection, and each contender has {rounds} of them ({few_rounds} for arrays, imports, many keys, many applications, the steps of a conversation and work that takes no time, 5 for batches and for saving a conversation, 3 for memory, copies and other parallel work).
A figure is the median of the turns; a ratio is the median of the ratios to the baseline in the same round.
Beside it stand its quartiles: where they are far apart, the machine was busy.
Files, also those of the servers, are on a memory file system where there is one, since the write-back of a disk drowns everything else, unless a note says that they are on a disk.

Run it yourself: `make bench`, or `make bench ARGS='--only load'`; `make bench ARGS=--help` tells more.
"""


def page(rows: Sequence[Row], machine: Mapping[str, str], settings: Settings) -> str:
    """Return the page in Markdown.

    :param rows: all of them

    :param machine: what was measured on, under headings

    :param settings: how much was measured

    """
    missed = [row.case.title for row in rows if row.passed is False]
    return _PAGE.format(
        missed=f"missed here: {'; '.join(missed)}" if missed else "none is missed",
        bars=_table(summary(rows)),
        chapters="\n".join(_chapter(*pair) for pair in _chapters(rows).items()),
        machine="\n".join(f"* **{name}**: {text}" for name, text in machine.items()),
        milliseconds=round(settings.sample_seconds * 1000),
        rounds=settings.rounds,
        few_rounds=settings.few_rounds,
    )


def _chapters(rows: Sequence[Row]) -> dict[str, list[Row]]:
    chapters: dict[str, list[Row]] = {}
    for row in rows:
        chapters.setdefault(row.case.chapter, []).append(row)
    return chapters


def _chapter(title: str, rows: Sequence[Row]) -> str:
    sections = "\n".join(map(_section, rows))
    return f"## {title}\n\n{sections}"


def _section(row: Row) -> str:
    title = row.case.title
    headings = ["contender", "median", f"÷ {row.case.baseline}", "quartiles"]
    parts = [
        f"### {title[0].upper()}{title[1:]}\n",
        *([f"{row.case.note}\n"] if row.case.note else []),
        f"{_table([headings, *detail(row)])}\n",
    ]
    return "\n".join(parts)


def _table(cells: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(line)} |" for line in cells]
    rule = ["---", *("---:" for _ in cells[0][1:])]
    return "\n".join([lines[0], f"| {' | '.join(rule)} |", *lines[1:]])

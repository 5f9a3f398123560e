"""What the charts of a store show: how large and how old its entries are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from ..domain import Stash, chunks
from ..stash.survey import Found, survey
from ..stash.wording import escape, size_text

__all__ = ["AGES", "Figures", "bars", "figure_out"]

MOST: Final = 100_000
"""How many entries are looked at."""

AGES: Final = (
    ("1 min", 60),
    ("1 h", 3600),
    ("1 day", 86_400),
    ("1 week", 604_800),
    ("1 month", 2_629_800),
    ("1 year", 31_557_600),
)
"""The steps of the ages, and how many seconds each is at most."""

_TYPES: Final = 8


@dataclass
class Figures:
    """What the entries of a store are like.

    >>> figures = Figures()
    >>> figures.add(Found("a", None, None))
    >>> figures.entries
    1

    """

    entries: int = 0
    """How many were looked at."""

    bytes: int = 0
    """How many bytes these have."""

    unreadable: int = 0
    """How many of them are no entries, or damaged."""

    is_part: bool = False
    """Whether there are more."""

    sizes: Counter[int] = field(default_factory=Counter)
    """How many have less than so many powers of four bytes."""

    ages: Counter[int] = field(default_factory=Counter)
    """How many belong to each step of :data:`AGES`."""

    types: Counter[str] = field(default_factory=Counter)
    """How many are of each type."""

    def add(self, found: Found) -> None:
        """Take an entry into account.

        :param found: what it tells of itself

        """
        self.entries += 1
        info = found.info
        if info is None:
            self.unreadable += found.problem is not None
            return
        self.bytes += info.size
        self.sizes[(info.size.bit_length() + 1) // 2] += 1
        self.types[(info.type or "?").removeprefix("builtins.")] += 1
        if info.created is not None:
            age = (datetime.now(UTC) - info.created).total_seconds()
            steps = (n for n, (_, most) in enumerate(AGES) if age < most)
            self.ages[next(steps, len(AGES))] += 1

    def size_bars(self) -> list[tuple[str, int]]:
        """Return pairs of sizes and how many entries have that size."""
        if not self.sizes:
            return []
        steps = range(min(self.sizes), max(self.sizes) + 1)
        return [(f"< {size_text(4**n)}", self.sizes[n]) for n in steps]

    def age_bars(self) -> list[tuple[str, int]]:
        """Return pairs of ages and how many entries are that old."""
        if not self.ages:
            return []
        names = [f"< {name}" for name, _ in AGES] + [f"> {AGES[-1][0]}"]
        last = max(self.ages)
        return [(name, self.ages[n]) for n, name in enumerate(names) if n <= last]

    def type_bars(self) -> list[tuple[str, int]]:
        """Return pairs of types and how many entries are of that type, the most
        frequent ones.

        """
        common = self.types.most_common(_TYPES)
        rest = self.types.total() - sum(n for _, n in common)
        shown = [(escape(name)[:60], n) for name, n in common]
        return shown + ([("others", rest)] if rest else [])


def figure_out(
    stash: Stash[Any], progress: Callable[[int], bool] = lambda _: True
) -> Figures:
    """Return what the first 100,000 entries of a store are like.  Nothing is decoded.

    :param stash: the store

    :param progress: called now and then with how many were looked at; returns whether
                     to go on

    >>> from zensols.persist import open_stash
    >>> stash = open_stash("memory:?codec=json")
    >>> stash["a"] = [1, 2]
    >>> figure_out(stash).type_bars()
    [('list', 1)]

    """
    figures = Figures()
    found = survey(stash)
    for some in chunks(islice(found, MOST), 1000):
        for each in some:
            figures.add(each)
        if not progress(figures.entries):
            figures.is_part = True
            return figures
    figures.is_part = next(found, None) is not None
    return figures


def bars(title: str, pairs: list[tuple[str, int]], *, across: bool = False) -> Any:
    """Return the options of an Apache ECharts bar chart.

    :param title: says what it shows, for those who can't see it, too

    :param pairs: the name and the length of each bar

    :param across: whether the bars lie, so that there is space for long names

    >>> bars("Sizes", [("< 1 KiB", 3)])["series"][0]["data"]
    [3]

    """
    names = {
        "type": "category",
        "data": [name for name, _ in pairs],
        "axisTick": {"show": False},
        "axisLabel": {"color": _GREY, "hideOverlap": True},
        "axisLine": {"lineStyle": {"color": _LINE}},
        "inverse": across,
    }
    counts = {
        "type": "value",
        "minInterval": 1,
        "axisLabel": {"color": _GREY, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": _LINE}},
    }
    return {
        "aria": {"enabled": True, "label": {"description": _describe(title, pairs)}},
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 12, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis", "renderMode": "richText", "confine": True},
        "xAxis": counts if across else names,
        "yAxis": names if across else counts,
        "series": [
            {
                "type": "bar",
                "name": title,
                "data": [n for _, n in pairs],
                "barMaxWidth": 36,
                "itemStyle": {"color": _BAR, "borderRadius": 3},
            }
        ],
    }


_GREY: Final = "#8a94a6"
_LINE: Final = "rgba(138, 148, 166, 0.3)"
_BAR: Final = "#3d8b7d"


def _describe(title: str, pairs: list[tuple[str, int]]) -> str:
    return f"{title}: " + ", ".join(f"{name}: {n:,}" for name, n in pairs)

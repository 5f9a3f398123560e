"""The plot of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .row import OURS, Row

__all__ = ["draw"]

# All of them can be told from a white page and from a nearly black one.
_INK = "#7d828c"
_OURS = "#2f80d0"
_MISSED = "#d0552f"
_PEER = "#a0863c"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw how many times the baseline ours and the peers take.

    :param rows: those without a ratio are left out

    :param path: the SVG file to write

    """
    import matplotlib as mpl

    mpl.use("svg")
    style: Any = {
        "axes.edgecolor": _INK,
        "axes.labelcolor": _INK,
        "font.size": 10,
        "legend.labelcolor": _INK,
        # Text stays text, and the same figures make the same file.
        "svg.fonttype": "none",
        "svg.hashsalt": "zensols.persist",
        "xtick.color": _INK,
        "ytick.color": _INK,
    }
    from matplotlib import pyplot as plt

    shown = [row for row in rows if row.ratio(row.ours) is not None]
    with plt.rc_context(style):
        figure, axes = plt.subplots(figsize=(8, 1.4 + 0.42 * len(shown)))
        for place, row in enumerate(shown):
            _draw_row(axes, place, row)
        axes.axvline(1, color=_INK, linewidth=1)
        axes.set_xscale("log")
        axes.set_yticks(range(len(shown)), [row.case.title for row in shown])
        axes.invert_yaxis()
        axes.set_xlabel("times the baseline (log scale; less is better)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(
            *_legend(axes),
            loc="lower center",
            bbox_to_anchor=(0.3, 1),
            ncols=4,
            frameon=False,
        )
        figure.savefig(
            path,
            format="svg",
            transparent=True,
            bbox_inches="tight",
            metadata={"Date": None},
        )
        plt.close(figure)


def _draw_row(axes: Any, place: int, row: Row) -> None:
    color = _MISSED if row.passed is False else _OURS
    label = f"{OURS}, bar missed" if row.passed is False else OURS
    for m in row.measurements:
        ratio = row.ratio(m)
        if ratio is None or m.name == row.case.baseline:
            continue
        if m.name == OURS:
            # On a log axis a bar starts somewhere: at the baseline.
            axes.barh(
                place, ratio.median - 1, left=1, height=0.5, color=color, label=label
            )
        else:
            axes.plot(
                ratio.median, place, "o", markersize=5, color=_PEER, label="a peer"
            )
    limit = _limit(row)
    if limit is not None:
        axes.plot(
            [limit] * 2,
            [place - 0.4, place + 0.4],
            color=_INK,
            linewidth=2.5,
            label="the bar to stay below",
        )


def _limit(row: Row) -> float | None:
    bar, baseline = row.case.bar, row.find(row.case.baseline)
    if bar is None or baseline is None:
        return None
    return bar.limit if bar.of == "ratio" else bar.limit / baseline.spread.median


def _legend(axes: Any) -> tuple[list[Any], list[str]]:
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    return list(once.values()), list(once)

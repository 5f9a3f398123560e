"""The plot of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .report import ratio_text
from .row import OURS, Row

__all__ = ["draw"]

# All of them can be told from a white page and from a nearly black one.
_INK = "#7d828c"
_OURS = "#2f80d0"
_MISSED = "#d0552f"
_OTHER = "#a0863c"

_LEAST, _MOST = 0.004, 60.0
"""The ends of the axis: what lies beyond is drawn as an arrow at its end."""

_STYLE: Any = {
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "font.size": 10,
    "legend.labelcolor": _INK,
    # Text stays text, and the same figures make the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "zensols.persist",
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw how many times the baseline's time ours and the others take.

    :param rows: those that don't measure time, or without a baseline, are left
        out

    :param path: the SVG file to write

    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    shown = [
        row
        for row in rows
        if row.case.unit == "seconds" and row.ratio(row.ours) is not None
    ]
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(8, 1.4 + 0.45 * len(shown)))
        for place, row in enumerate(shown):
            _draw_row(axes, place, row)
        _finish(axes, [row.case.title for row in shown])
        figure.savefig(
            path,
            format="svg",
            transparent=True,
            bbox_inches="tight",
            metadata={"Date": None},
        )
        plt.close(figure)


def _draw_row(axes: Any, place: int, row: Row) -> None:
    for m in row.measurements:
        ratio = row.ratio(m)
        if ratio is None or m.name == row.case.baseline:
            continue
        shown = min(max(ratio.median, _LEAST), _MOST)
        if m.name == OURS:
            missed = row.passed is False
            # On a log axis a bar has to begin somewhere: at the baseline.
            axes.barh(
                place,
                shown - 1,
                left=1,
                height=0.5,
                color=_MISSED if missed else _OURS,
                label=f"{OURS}, missing its bar" if missed else OURS,
            )
            axes.text(
                1.03,
                place,
                f"{ratio_text(ratio)}{' missed' if missed else ''}",
                transform=axes.get_yaxis_transform(),
                va="center",
            )
        else:
            marker = {_LEAST: "<", _MOST: ">"}.get(shown, "o")
            axes.plot(
                shown,
                place,
                marker,
                color=_OTHER,
                markersize=5,
                clip_on=False,
                label="the others" if marker == "o" else None,
            )
    limit = _limit(row)
    if limit is not None:
        axes.plot(
            [limit, limit],
            [place - 0.35, place + 0.35],
            color=_INK,
            linewidth=2.5,
            label="the bar to stay below",
        )


def _limit(row: Row) -> float | None:
    """Return the bar as a ratio."""
    bar, baseline = row.case.bar, row.find(row.case.baseline)
    if bar is None or baseline is None:
        return None
    return bar.limit if bar.of == "ratio" else bar.limit / baseline.spread.median


def _finish(axes: Any, titles: Sequence[str]) -> None:
    axes.axvline(1, color=_INK, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(_LEAST, _MOST)
    axes.set_xticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
    axes.set_yticks(range(len(titles)), titles)
    axes.invert_yaxis()
    axes.set_xlabel("times what the baseline takes (less is better)")
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    axes.legend(
        list(once.values()),
        list(once),
        loc="lower center",
        bbox_to_anchor=(0.3, 1),
        ncols=len(once),
        frameon=False,
    )

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from zensols.persist import LmdbStash
from zensols.persist.codec import EntryInfo
from zensols.persist.error import CorruptDataError
from zensols.persist.stash.survey import Found
from zensols.persist.ui import figures
from zensols.persist.ui.figures import Figures, bars, figure_out


def found(size: int, age: float | None, kind: str | None = "builtins.int") -> Found:
    created = None if age is None else datetime.now(UTC) - timedelta(seconds=age)
    info = EntryInfo(
        "k", "json", created, kind, None, None, "", None, size, False, None
    )
    return Found("k", info, None)


def test_sizes_and_ages_and_types() -> None:
    seen = Figures()
    for each in (
        found(100, 5),
        found(200, 30),
        found(5000, 4000),
        found(5000, 10**9, "a.<b>"),
        found(10, None, None),
    ):
        seen.add(each)
    assert (seen.entries, seen.bytes) == (5, 10_310)
    assert seen.size_bars() == [
        ("< 16 B", 1),
        ("< 64 B", 0),
        ("< 256 B", 2),
        ("< 1.0 KiB", 0),
        ("< 4.0 KiB", 0),
        ("< 16.0 KiB", 2),
    ]
    ages = dict(seen.age_bars())
    assert ages["< 1 min"] == 2
    assert ages["< 1 day"] == 1
    assert ages["> 1 year"] == 1
    assert seen.type_bars() == [("int", 3), ("a.<b>", 1), ("?", 1)]


def test_age_from_the_future_is_young() -> None:
    seen = Figures()
    seen.add(found(1, -1000))
    assert seen.age_bars() == [("< 1 min", 1)]


def test_rare_types_are_summed_up() -> None:
    seen = Figures()
    for n in range(20):
        seen.add(found(1, 1, f"type{n}"))
    assert len(seen.type_bars()) == 9
    assert seen.type_bars()[-1] == ("others", 12)


def test_unreadable_entries() -> None:
    seen = Figures()
    seen.add(Found("a", None, CorruptDataError("no")))
    seen.add(Found("b", None, None))
    assert (seen.entries, seen.unreadable) == (2, 1)
    assert seen.size_bars() == seen.age_bars() == seen.type_bars() == []


def test_store(tmp_path: Path, monkeypatch: Any) -> None:
    stash: LmdbStash[Any] = LmdbStash(tmp_path / "data")
    stash.dump_many((str(n), n) for n in range(3000))
    whole = figure_out(stash)
    assert (whole.entries, whole.is_part) == (3000, False)
    told: list[int] = []
    stopped = figure_out(stash, lambda n: told.append(n) or n < 2000)  # type: ignore[func-returns-value]
    assert told == [1000, 2000]
    assert (stopped.entries, stopped.is_part) == (2000, True)
    monkeypatch.setattr(figures, "MOST", 1000)
    part = figure_out(stash)
    assert (part.entries, part.is_part) == (1000, True)
    stash.close()


def test_chart_can_be_read_aloud() -> None:
    chart = bars("Size", [("< 1 KiB", 3), ("< 4 KiB", 1000)])
    assert chart["aria"]["enabled"]
    described = chart["aria"]["label"]["description"]
    assert described == "Size: < 1 KiB: 3, < 4 KiB: 1,000"


def test_bars_lie_for_long_names() -> None:
    across = bars("Type", [("a", 1)], across=True)
    assert across["yAxis"]["data"] == ["a"]
    assert across["xAxis"]["type"] == "value"
    # Names may have come from anywhere, and are no HTML.
    assert across["tooltip"]["renderMode"] == "richText"

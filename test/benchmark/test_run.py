"""The benchmark runs; its figures are no matter of tests."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from browser import find_browser

from benchmark import files, filling, report, timing
from benchmark.page import page
from benchmark.row import OURS, Bar, Case, LeftOut, Row
from benchmark.run import CASES, main
from benchmark.timing import Measurement, Settings, Spread, interleave

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_all_rows_are_measured(tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    printed = run("--quick", "--json", str(answer)).stdout
    rows = json.loads(answer.read_text("utf-8"))["rows"]
    absent = set() if find_browser() else {"panel"}
    names = [case.name for case in CASES if case.name not in absent]
    assert [row["name"] for row in rows] == names
    for row in rows:
        assert row["title"] in printed
        ours = next(c for c in row["contenders"] if c["name"] == OURS)
        assert ours["samples"] >= 2
        low, middle, high = ours["value"]
        assert 0 <= low <= middle <= high


def test_one_row_can_be_chosen(tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    run("--quick", "--only", "exists", "--json", str(answer))
    rows = json.loads(answer.read_text("utf-8"))["rows"]
    assert [row["name"] for row in rows] == ["exists"]


def test_quick_figures_are_not_published(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as e:
        main(["--quick", "--update-docs"])
    assert e.value.code == 2
    assert "--update-docs" in capsys.readouterr().err


def test_contenders_take_turns_in_alternate_order() -> None:
    order: list[str] = []

    def sampler(name: str) -> float:
        order.append(name)
        return float(len(order))

    measured = interleave({name: partial(sampler, name) for name in "ab"}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert measured == [
        Measurement("a", (1, 4, 5)),
        Measurement("b", (2, 3, 6)),
    ]


def test_ratio_is_of_the_same_round() -> None:
    ours = Measurement(OURS, (2, 40, 3))
    bare = Measurement("bare", (1, 10, 1))
    assert ours.ratio_to(bare) == Spread(2.5, 3, 3.5)
    assert ours.ratio_to(Measurement("bare", (1, 0, 1))) is None


@pytest.mark.parametrize(
    ("bar", "passed"),
    [
        (Bar(2), True),
        (Bar(1.9), False),
        (Bar(6, "value"), True),
        (Bar(5, "value"), False),
        (None, None),
    ],
)
def test_bar(bar: Bar | None, passed: bool | None) -> None:
    case = Case("c", "do it", "bare", lambda _: (), bar)
    row = Row(case, (Measurement("bare", (3,)), Measurement(OURS, (6,))))
    assert row.passed is passed


def test_bar_without_its_baseline_is_not_passed() -> None:
    case = Case("c", "do it", "bare", lambda _: (), Bar(2))
    assert Row(case, (Measurement(OURS, (6,)),)).passed is None


@pytest.mark.parametrize(
    ("ours", "reached", "verdict"),
    [
        (2, "5.00 × faster", "pass"),
        (8, "1.25 × faster", "MISS"),
        (20, "2.00 × slower", "MISS"),
    ],
)
def test_gain_is_told_as_one(ours: int, reached: str, verdict: str) -> None:
    case = Case("c", "do it", "bare", lambda _: (), Bar(1 / 4))
    row = Row(case, (Measurement("bare", (10,)), Measurement(OURS, (ours,))))
    expected = ["do it", "at least 4.00 × faster than bare", reached, verdict]
    assert report.summary([row])[1] == expected


def test_what_cannot_be_measured_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(_: Settings) -> list[Measurement]:
        raise LeftOut("there is no server")

    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", "")
    case = Case("c", "do it", "bare", measure, Bar(2))
    monkeypatch.setattr("benchmark.run.CASES", (case,))
    assert main(["--quick"]) == 0
    assert "left out: there is no server" in capsys.readouterr().out
    assert main(["--quick", "--strict"]) == 1


def test_server_that_cannot_start_leaves_its_row_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = next(case for case in CASES if case.name == "redis-dump-many")
    monkeypatch.setitem(sys.modules, "server_redis", None)
    with pytest.raises(LeftOut, match="server_redis"):
        case.run(timing.QUICK)


def test_page_has_a_chapter_for_the_stores() -> None:
    rows = [
        Row(
            Case("c", title, OURS, lambda _: (), chapter=chapter),
            (Measurement(OURS, (1,)),),
        )
        for title, chapter in [("load", "Files"), ("keep", "Stores"), ("ask", "Stores")]
    ]
    lines = page(rows, {}, timing.QUICK).splitlines()
    assert [line for line in lines if line.startswith("##")][1:-1] == [
        *("## Files", "### Load", "## Stores", "### Keep", "### Ask"),
    ]


def test_store_that_lacks_items_is_not_compared() -> None:
    def fill(path: Path) -> None:
        filling.fill_ours(abs, 3, path, engine="serial")

    with pytest.raises(RuntimeError, match="3 items and not 4"):
        filling.compare({OURS: fill}, 4, timing.QUICK)


@pytest.mark.parametrize("module", [files, filling, report, timing])
def test_examples(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed

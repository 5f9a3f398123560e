from __future__ import annotations

import logging
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from terminal import ROOT, Terminal

from zensols.multi.progress import Progress, State, report_to

RUNNING = Progress("running", 1000, 200, 300, 10, 8, 62.0)


def test_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        RUNNING.done = 301  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(RUNNING)) == RUNNING


def test_what_was_kept_took_no_time() -> None:
    assert RUNNING.settled == 510
    assert RUNNING.rate == 5
    assert replace(RUNNING, kept=0).rate == 5
    assert replace(RUNNING, done=0, failed=0).rate == 0
    assert replace(RUNNING, seconds=0.0).rate == 0


@pytest.mark.parametrize(
    ("total", "fraction"),
    [(1000, 0.51), (510, 1), (100, 1), (0, 1), (None, None)],
)
def test_fraction(total: int | None, fraction: float | None) -> None:
    assert replace(RUNNING, total=total).fraction == fraction


@pytest.mark.parametrize(
    ("change", "eta"),
    [
        ({}, 98),
        ({"total": 510}, 0),
        ({"total": 100}, 0),
        ({"total": None}, None),
        ({"done": 0, "failed": 0}, None),
        ({"seconds": 0.0}, None),
        ({"state": "complete"}, 0),
        ({"state": "complete", "total": None}, 0),
        ({"state": "idle"}, None),
        ({"state": "stopped"}, None),
        ({"state": "failed"}, None),
    ],
)
def test_eta(change: dict[str, Any], eta: float | None) -> None:
    assert replace(RUNNING, **change).eta == eta


@pytest.mark.parametrize(
    ("done", "seconds", "pace"),
    [
        (123456, 10.0, "12,346/s"),
        (100, 10.0, "10/s"),
        (34, 10.0, "3.4/s"),
        (10, 10.0, "1.0/s"),
        (2, 10.0, "12/min"),
        (1, 60.0, "1/min"),
        (1, 100.0, "36/h"),
        (1, 36000.0, "0.1/h"),
        (0, 10.0, ""),
        (1, 0.0, ""),
    ],
)
def test_pace(done: int, seconds: float, pace: str) -> None:
    assert Progress("running", None, 5, done, 0, 1, seconds).pace == pace


@pytest.mark.parametrize(
    ("state", "total", "seconds", "clock"),
    [
        ("running", 11, 10.0, "0:01:40"),
        ("running", 1, 10.0, "0:00:00"),
        ("running", None, 10.0, ""),
        ("running", 11, 17280.0, "2 days"),
        ("running", 11, 17279.0, "1 day, 23:59:50"),
        ("running", 10**18, 1e6, f"{10**24 / 86400:,.0f} days"),
        ("complete", 11, 61.2, "0:01:01"),
        ("failed", None, 3661.0, "1:01:01"),
        ("stopped", 11, 0.0, "0:00:00"),
        ("idle", 11, 10.0, ""),
    ],
)
def test_clock(state: State, total: int | None, seconds: float, clock: str) -> None:
    assert Progress(state, total, 0, 1, 0, 1, seconds).clock == clock


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {},
            "running, 510 of 1,000 items (51 %), 200 kept, 10 failed, 5.0/s, \
0:01:38 left, 8 workers",
        ),
        (
            {"total": None, "kept": 0, "failed": 0, "workers": 1},
            "running, 300 items, 4.8/s, 1 worker",
        ),
        (
            {"done": 99_999, "total": 100_000, "kept": 0, "failed": 0},
            "running, 99,999 of 100,000 items (99 %), 1,613/s, 0:00:00 left, 8 workers",
        ),
        (
            {"state": "complete", "done": 790},
            "complete, 1,000 of 1,000 items (100 %), 200 kept, 10 failed, 13/s, \
in 0:01:02",
        ),
        (
            {"state": "stopped", "total": None},
            "stopped, 510 items, 200 kept, 10 failed, 5.0/s, in 0:01:02",
        ),
        (
            {"state": "idle", "done": 0, "failed": 0, "seconds": 0.0},
            "idle, 200 of 1,000 items (20 %), 200 kept",
        ),
    ],
)
def test_as_a_line(change: dict[str, Any], line: str) -> None:
    assert str(replace(RUNNING, **change)) == line


def test_callable_gets_each() -> None:
    told: list[Progress] = []
    with report_to(told.append, "Words") as report:
        report(RUNNING)
        report(RUNNING)
    assert told == [RUNNING, RUNNING]


def test_what_a_callable_raises_is_raised() -> None:
    def complain(progress: Progress) -> None:
        raise ValueError(progress.state)

    with (
        pytest.raises(ValueError, match="running"),
        report_to(complain, "Words") as report,
    ):
        report(RUNNING)


@pytest.mark.parametrize("choice", [1, 0, "yes", "", [print]])
def test_wrong_choice(choice: Any) -> None:
    with pytest.raises(TypeError, match=r"None, True, False or a callable"):
        report_to(choice, "Words").__enter__()


def told(
    caplog: pytest.LogCaptureFixture, *progresses: Progress, title: str = "Words"
) -> list[str]:
    """What is logged."""
    caplog.set_level(logging.INFO)
    caplog.clear()
    with report_to(None, title) as report:
        for progress in progresses:
            report(progress)
    assert {(r.name, r.levelname) for r in caplog.records} <= {
        ("zensols.multi.progress", "INFO")
    }
    return caplog.messages


def run(total: int | None, *done: int, kept: int = 0) -> list[Progress]:
    return [Progress("running", total, kept, n, 0, 2, 10.0) for n in done]


def counts(lines: list[str]) -> list[str]:
    return [line.split(",", 1)[1].split("items")[0].strip() for line in lines]


def test_line_each_tenth(caplog: pytest.LogCaptureFixture) -> None:
    end = Progress("complete", 400, 0, 400, 0, 2, 20.0)
    lines = told(caplog, *run(400, *range(401)), end)
    assert counts(lines) == [f"{n} of 400" for n in range(40, 401, 40)]
    assert lines[0].startswith("Words: running, 40 of 400 items (10 %)")
    assert lines[-1].startswith("Words: complete, 400 of 400 items (100 %)")


def test_one_line_for_several_tenths(caplog: pytest.LogCaptureFixture) -> None:
    assert counts(told(caplog, *run(100, 5, 45, 49, 50, 50))) == [
        "45 of 100",
        "50 of 100",
    ]


def test_resumed_run_says_where_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    lines = told(caplog, *run(100, 0, 6, 7, kept=43))
    assert counts(lines) == ["43 of 100", "50 of 100"]


def test_lines_without_a_total(caplog: pytest.LogCaptureFixture) -> None:
    end = Progress("complete", None, 0, 9001, 0, 2, 10.0)
    lines = told(caplog, *run(None, *range(0, 9001, 100)), end)
    assert counts(lines) == ["1,000", "2,000", "4,000", "8,000", "9,001"]
    lines = told(caplog, *run(None, 0, 5000, 7999, 8000), end)
    assert counts(lines) == ["5,000", "8,000", "9,001"]


def test_total_that_becomes_known(caplog: pytest.LogCaptureFixture) -> None:
    lines = told(caplog, *run(None, 64_000), *run(100_000, 65_000, 69_000, 70_000))
    assert counts(lines) == ["64,000", "65,000 of 100,000", "70,000 of 100,000"]


@pytest.mark.parametrize("state", ["complete", "stopped", "failed"])
def test_line_at_the_end_however_it_ends(
    caplog: pytest.LogCaptureFixture, state: State
) -> None:
    (line,) = told(caplog, Progress(state, 10, 0, 0, 0, 2, 0.1))
    assert line.startswith(f"Words: {state}, 0 of 10 items")


def test_nothing_to_say(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog, Progress("idle", None, 0, 0, 0, 2, 0.0), *run(100, 9)) == []


def test_title_is_no_format(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = told(caplog, *run(100, 10), title="100 %s")
    assert line.startswith("100 %s: running")


def test_nobody_is_told(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with report_to(False, "Words") as report:
        report(RUNNING)
        report(replace(RUNNING, state="complete"))
    assert caplog.messages == []
    assert capfd.readouterr() == ("", "")


BEGIN = """
import logging, sys
logging.basicConfig(level="INFO", format="%(message)s")
from zensols.multi.progress import Progress, report_to

def go(choice):
    with report_to(choice, "Words") as report:
        report(Progress("running", 100, 0, 50, 0, 8, 10.0))
"""


@pytest.mark.parametrize("choice", [None, True])
def test_bar_on_a_terminal(choice: bool | None) -> None:
    with Terminal(f"{BEGIN}\ngo({choice})") as terminal:
        line, end = terminal.finish()
    assert line.startswith("Words ━")
    assert line.endswith(" 50/100 5.0/s ETA 0:00:10 8 workers")
    assert end == ""


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        ("False", [""]),
        ("lambda progress: print(progress.state)", ["running", ""]),
    ],
)
def test_no_bar_where_another_was_chosen(choice: str, shown: list[str]) -> None:
    with Terminal(f"{BEGIN}\ngo({choice})") as terminal:
        assert terminal.finish() == shown


def test_exception_leaves_the_terminal_clean() -> None:
    code = """
try:
    with report_to(None, "Words") as report:
        report(Progress("running", 100, 0, 50, 0, 8, 10.0))
        raise KeyError("x")
except KeyError:
    print("after")
"""
    with Terminal(BEGIN + code) as terminal:
        line, *rest = terminal.finish()
        assert "50/100" in line
        assert rest == ["after", ""]
        assert terminal.screen.cursor_is_shown


def test_lines_without_a_terminal() -> None:
    done = run_python("go(None)")
    assert done.stderr.startswith("Words: running, 50 of 100 items (50 %)")
    assert done.stderr.count("\n") == 1


def test_lines_without_the_package() -> None:
    code = f"""
import sys
sys.modules["rich"] = None
{BEGIN}
go(None)
"""
    with Terminal(code) as terminal:
        line, end = terminal.finish()
    assert line.startswith("Words: running, 50 of 100 items (50 %)")
    assert end == ""


def test_missing_package_names_the_extra() -> None:
    code = """
sys.modules["rich"] = None
try:
    go(True)
except Exception as e:
    print(type(e).__name__, e)
go(False)
"""
    done = run_python(code)
    assert done.stdout.startswith("MultiProcessError ")
    assert "pip install 'zensols.persist[cli]'" in done.stdout
    assert done.stderr == ""


def test_package_is_only_loaded_for_the_bar() -> None:
    code = """
go(None)
go(False)
go(print)
print("rich" in sys.modules)
"""
    assert run_python(code).stdout.splitlines()[-1] == "False"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Without a terminal."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", BEGIN + code],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )

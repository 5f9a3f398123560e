from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from labour import await_that
from terminal import BOUND, ROOT, Terminal

BEGIN = """
import logging, os, sys, threading
from zensols.multi.bar import Bar
from zensols.multi.progress import Progress

calls = iter(range(10**6))

def running(done, total=1000, failed=0, kept=0):
    # Each is late enough to be shown.
    seconds = 10 + next(calls) / 8
    return Progress("running", total, kept, done, failed, 8, seconds)
"""


@pytest.mark.parametrize("columns", [100, 70])
def test_shows_one_line_that_changes(columns: int) -> None:
    code = """
with Bar("Words") as bar:
    bar.show(running(0))
    input()
    bar.show(running(300, failed=10, kept=200))
    input()
    bar.show(Progress("complete", 1000, 200, 790, 10, 8, 80.0))
print("done")
"""
    with Terminal(BEGIN + code, columns=columns) as terminal:
        (line,) = terminal.wait_for("8 workers")
        assert line.startswith("Words ━")
        assert line.endswith(" 0/1,000 ETA -:--:-- 8 workers")
        terminal.go_on()
        (line,) = terminal.wait_for("10 failed")
        assert line.startswith("Words ━")
        assert line.endswith(" 510/1,000 31/s ETA 0:00:16 8 workers 10 failed")
        terminal.go_on()
        line, after, _ = terminal.finish()
        assert line.startswith("Words ━")
        assert line.endswith(" 1,000/1,000 10/s in 0:01:20 10 failed")
        assert after == "done"
        assert terminal.screen.cursor_is_shown


def test_longer_with_each_item() -> None:
    code = """
with Bar("Words") as bar:
    for done in (0, 500, 1000):
        bar.show(running(done))
        input()
"""
    lengths = []
    with Terminal(BEGIN + code, NO_COLOR="1") as terminal:
        for figure in (" 0/", " 500/", " 1,000/"):
            (line,) = terminal.wait_for(figure)
            lengths.append(line.count("━"))
            terminal.go_on()
        terminal.finish()
    assert lengths == [0, 20, 40]


def test_is_cut_on_a_narrow_terminal() -> None:
    code = """
with Bar("Words") as bar:
    bar.show(running(300, failed=10))
"""
    with Terminal(BEGIN + code, columns=30) as terminal:
        line, end = terminal.finish()
    assert "310/1,000" in line
    assert end == ""


def test_is_not_drawn_again_at_once() -> None:
    code = """
def show(state, done, seconds):
    bar.show(Progress(state, 1000, 0, done, 0, 1, seconds))

with Bar("Words") as bar:
    show("running", 300, 10.0)
    for done in range(301, 309):
        show("running", done, 10.05)
    show("running", 310, 10.25)
    show("complete", 311, 10.25)
    show("complete", 312, 10.25)
"""
    done = run_python(code, TERM="xterm")
    # The last of them when the bar ends.
    assert re.findall(r"(\d+)/1,000", done.stderr) == ["300", "310", "311", "312"]


def test_unknown_total() -> None:
    code = """
with Bar("Words") as bar:
    bar.show(running(300, total=None))
    input()
    bar.show(Progress("complete", None, 0, 400, 0, 1, 10.0))
"""
    with Terminal(BEGIN + code) as terminal:
        (line,) = terminal.wait_for("8 workers")
        assert line.endswith(" 300/? 30/s 8 workers")
        terminal.go_on()
        line, _ = terminal.finish()
        assert line.endswith(" 400/400 40/s in 0:00:10")


@pytest.mark.parametrize(
    ("state", "end"),
    [("idle", "300/1,000 30/s"), ("stopped", "stopped after 0:00:10")],
)
def test_states(state: str, end: str) -> None:
    code = f"""
with Bar("Words") as bar:
    bar.show(Progress({state!r}, 1000, 0, 300, 0, 1, 10.0))
"""
    with Terminal(BEGIN + code) as terminal:
        assert terminal.finish()[0].endswith(end)


def test_title_is_shown_as_it_is() -> None:
    code = """
with Bar("[red]Words[/x]:smile:") as bar:
    bar.show(running(300))
"""
    with Terminal(BEGIN + code) as terminal:
        assert terminal.finish()[0].startswith("[red]Words[/x]:smile: ━")


def test_nothing_is_shown_of_nothing() -> None:
    with Terminal(BEGIN + 'with Bar("Words"): print("done")') as terminal:
        assert terminal.finish() == ["done", ""]


@pytest.mark.parametrize("how", ["raised", "interrupted"])
def test_exception_leaves_the_terminal_clean(how: str, tmp_path: Path) -> None:
    code = """
before = sys.stdout, sys.stderr
try:
    with Bar("Words") as bar:
        bar.show(running(299))
        bar.show(running(300))
        open(os.environ["SHOWN"], "w").close()
        # Unlike input(), which can lose an interrupt while it flushes.
        sys.stdin.readline()
        raise ValueError("no such word")
except (KeyboardInterrupt, ValueError) as e:
    print(type(e).__name__, (sys.stdout, sys.stderr) == before)
"""
    shown = tmp_path / "shown"
    with Terminal(BEGIN + code, SHOWN=str(shown)) as terminal:
        (line,) = terminal.wait_for(" 300/")
        # Or the interrupt might come in the midst of that.
        assert await_that(shown.exists)
        if how == "raised":
            terminal.go_on()
        else:
            terminal.process.send_signal(signal.SIGINT)
        name = "ValueError" if how == "raised" else "KeyboardInterrupt"
        assert terminal.finish() == [line, f"{name} True", ""]
        assert terminal.screen.cursor_is_shown


def test_cursor_is_there_if_we_are_killed() -> None:
    code = """
with Bar("Words") as bar:
    bar.show(running(300))
    input()
    bar.show(running(301))
    input()
"""
    with Terminal(BEGIN + code) as terminal:
        terminal.wait_for(" 300/")
        terminal.go_on()
        terminal.wait_for(" 301/")
        terminal.process.kill()
        terminal.finish(-signal.SIGKILL)
        assert terminal.screen.cursor_is_shown


def test_what_else_is_printed_is_above() -> None:
    code = """
logging.basicConfig(format="%(message)s")
with Bar("Words") as bar:
    bar.show(running(300))
    print("printed")
    logging.warning("logged")
    bar.show(running(301))
    print("at last")
    bar.show(running(302))
    input()
"""
    with Terminal(BEGIN + code) as terminal:
        *printed, line = terminal.wait_for(" 302/")
        assert printed == ["printed", "logged", "at last"]
        assert " 302/" in line
        terminal.go_on()
        assert terminal.finish() == [*printed, line, ""]


def test_bars_are_below_each_other() -> None:
    code = """
with Bar("Outer") as outer:
    outer.show(running(1))
    with Bar("Inner") as inner:
        inner.show(running(2))
        outer.show(running(3))
        input()
        inner.show(running(4))
    outer.show(running(5))
print("done")
"""
    with Terminal(BEGIN + code) as terminal:
        first, second = terminal.wait_for(" 3/")
        assert first.startswith("Outer")
        assert second.startswith("Inner")
        assert " 2/" in second
        terminal.go_on()
        first, second, *rest = terminal.finish()
        assert first.startswith("Inner")
        assert " 4/" in first
        assert second.startswith("Outer")
        assert " 5/" in second
        assert rest == ["done", ""]


def test_bars_of_threads() -> None:
    code = """
def work(name):
    with Bar(name) as bar:
        for done in range(200):
            bar.show(running(done))

threads = [threading.Thread(target=work, args=[name]) for name in "ABC"]
with Bar("Outer") as outer:
    outer.show(running(7))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""
    with Terminal(BEGIN + code) as terminal:
        *rows, outer, end = terminal.finish()
    assert outer.startswith("Outer")
    assert " 7/" in outer
    assert sorted(row[0] for row in rows) == ["A", "B", "C"]
    assert [row for row in rows if " 199/" not in row] == []
    assert end == ""


def test_next_bar_is_a_new_one() -> None:
    code = """
for name in ("First", "Second"):
    with Bar(name) as bar:
        bar.show(running(1))
"""
    with Terminal(BEGIN + code) as terminal:
        first, second, end = terminal.finish()
    assert first.startswith("First")
    assert second.startswith("Second")
    assert end == ""


def test_needs_no_thread() -> None:
    code = """
with Bar("Words") as bar:
    bar.show(running(1))
    threads = threading.active_count()
print(threads)
"""
    with Terminal(BEGIN + code) as terminal:
        assert terminal.finish()[1:] == ["1", ""]


def test_forked_process_has_none() -> None:
    code = """
with Bar("Words") as bar:
    bar.show(running(1))
    if os.fork() == 0:
        with Bar("Child") as other:
            other.show(running(2))
        os._exit(0)
    os.wait()
    bar.show(running(3))
"""
    with Terminal(BEGIN + code) as terminal:
        lines = terminal.finish()
    # The child's begins where the cursor was, which is nobody's fault.
    assert any("Child" in line and " 2/" in line for line in lines)
    assert lines[-2].startswith("Words")
    assert " 3/" in lines[-2]


def test_terminal_that_goes_away() -> None:
    code = """
with Bar("Words") as bar:
    bar.show(running(300))
    input()
    for done in range(1000):
        bar.show(running(done))
    with Bar("More") as more:
        more.show(running(1))
sys.__stdout__.write("all is done")
# What could not be written is no error at exit either.
sys.__stdout__.flush()
os._exit(0)
"""
    with Terminal(BEGIN + code, stdout=False) as terminal:
        terminal.wait_for(" 300/")
        terminal.hang_up()
        out, _ = terminal.process.communicate(b"\n", BOUND)
        assert out == b"all is done"
        assert terminal.process.returncode == 0


def run_python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Without a terminal."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", BEGIN + code],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        env=kept | env,
    )


def test_shows_without_a_terminal_too() -> None:
    code = """
print(Bar.is_possible())
with Bar("Words") as bar:
    bar.show(running(300))
    bar.show(running(301))
print("printed")
"""
    done = run_python(code, TERM="xterm")
    assert done.stdout == "False\nprinted\n"
    assert "Words" in done.stderr
    assert "300/1,000" in done.stderr
    assert "301/1,000" in done.stderr


def test_missing_package_names_the_extra() -> None:
    code = """
sys.modules["rich"] = None
print(Bar.is_possible())
try:
    Bar("Words")
except Exception as e:
    print(type(e).__name__, e)
"""
    done = run_python(code)
    assert done.stdout.startswith("False\nMultiProcessError The bar for Words needs")
    assert "pip install 'zensols.persist[cli]'" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("env", "possible"),
    [
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"TTY_COMPATIBLE": "0"}, False),
    ],
)
def test_is_possible_on_a_terminal(env: dict[str, str], possible: bool) -> None:
    with Terminal(BEGIN + "print(Bar.is_possible())", **env) as terminal:
        assert terminal.finish() == [str(possible), ""]


def test_is_not_possible_where_colors_go_to_a_file() -> None:
    assert run_python("print(Bar.is_possible())", FORCE_COLOR="1").stdout == "False\n"


@pytest.mark.parametrize("how", ["sys.stderr = None", "sys.stderr.close()"])
def test_is_not_possible_without_a_stream(how: str) -> None:
    code = f"""
{how}
print(Bar.is_possible())
"""
    with Terminal(BEGIN + code) as terminal:
        assert terminal.finish() == ["False", ""]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_is_not_possible_in_a_worker(method: str) -> None:
    code = f"""
import multiprocessing
if __name__ == "__main__":
    print(Bar.is_possible(), flush=True)
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.apply(Bar.is_possible))
"""
    with Terminal(BEGIN + code) as terminal:
        assert terminal.finish() == ["True", "False", ""]

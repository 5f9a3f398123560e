"""The demonstration computes once, goes on where it stopped, and fits a screen."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

LIMIT = "40"


@pytest.fixture
def demo(run, examples):
    """Runs the demonstration, and returns its results and its remarks."""

    def demo(*args):
        done = run(examples / "demo.py", "--data", "data", "--json", *args)
        return json.loads(done.stdout), done.stderr

    return demo


def files(pattern):
    """The files of the results, and what would differ if they were replaced."""
    found = {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in Path().glob(pattern)}
    assert found
    return found


def findings(results):
    return {k: v for k, v in results.items() if k not in ("run", "stored")}


def test_second_run_computes_nothing(demo):
    cold, _ = demo("--limit", LIMIT)
    written = files("data/*/[!r]*/*")
    warm, said = demo("--limit", LIMIT)
    assert (cold["run"]["modules"], cold["run"]["computed"]) == (40, 40)
    assert (warm["run"]["modules"], warm["run"]["computed"]) == (40, 0)
    assert files("data/*/[!r]*/*") == written
    assert findings(warm) == findings(cold)
    assert said == ""


def test_workers_find_the_same(demo):
    (one, said), (two, of_two) = (
        demo("--limit", LIMIT, "--workers", n, "--store", f"dir:made-by-{n}")
        for n in ("1", "2")
    )
    assert ", 1 worker\n" in said
    assert ", 2 workers\n" in of_two
    assert one["run"]["computed"] == two["run"]["computed"] == int(LIMIT)
    assert findings(one) == findings(two)


def test_results(demo):
    results, _ = demo("--limit", LIMIT)
    assert sum(package["modules"] for package in results["packages"]) == 40
    decimal = next(p for p in results["packages"] if p["name"] == "_pydecimal")
    assert decimal["lines"] > decimal["functions"] > decimal["modules"] == 1
    assert 1 < decimal["mean_complexity"] < decimal["max_complexity"]
    assert 0 < decimal["documented"] < 1
    complexities = [function["complexity"] for function in results["most_complex"]]
    assert complexities == sorted(complexities, reverse=True)
    assert results["most_used"]["self"] > results["most_called"]["len"] > 0
    assert all(
        one != other and 0 < share <= 1 for one, other, share in results["pairs"]
    )
    stored = [path for path in Path("data").glob("*/*/*") if path.is_file()]
    assert results["stored"]["entries"] == len(stored) == 40 + 5 + 1
    assert results["stored"]["bytes"] == sum(path.stat().st_size for path in stored)


def test_more_modules_need_only_the_new_ones(demo):
    demo("--limit", "10")
    results, said = demo("--limit", "15")
    assert results["run"]["computed"] == 5
    first, *_, last = said.splitlines()
    assert first == "10 of 15 modules are there already."
    assert "15 of 15 items (100 %), 10 kept" in last


def test_fewer_modules_have_findings_of_their_own(demo):
    demo("--limit", "15")
    results, _ = demo("--limit", "10")
    assert results["run"]["computed"] == 0
    assert sum(package["modules"] for package in results["packages"]) == 10


def test_fresh_begins_again_and_spares_what_is_not_its_own(demo):
    demo("--limit", "10")
    Path("data/mine").touch()
    results, _ = demo("--limit", "10", "--fresh")
    assert results["run"]["computed"] == 10
    assert Path("data/mine").exists()


@pytest.fixture
def interruptible():
    """Children can be interrupted, even where the tests run in the background."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def start(environment, examples):
    """Starts the demonstration over all modules, in a process group of its own."""

    def start(*args):
        return subprocess.Popen(
            [sys.executable, examples / "demo.py", "--data", "data", *args],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


def assert_goes_on(demo):
    """Asserts that the next run keeps what there is, and finds the same as ever."""
    before = files("data/*/features/*.dat")
    limit = len(before) + 10
    results, said = demo("--limit", str(limit))
    kept = limit - results["run"]["computed"]
    assert 100 < kept <= len(before)
    assert said.startswith(f"{kept} of {limit} modules are there already.\n")
    after = files("data/*/features/*.dat")
    assert before.items() <= after.items()
    undisturbed, _ = demo(
        "--limit", str(limit), "--workers", "1", "--store", "dir:undisturbed"
    )
    assert undisturbed["run"]["computed"] == limit
    assert findings(undisturbed) == findings(results)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.soak), "2"])
def test_goes_on_where_it_was_interrupted(demo, start, workers):
    with start("--workers", workers) as child:
        assert ": running, " in child.stderr.readline()
        # As a terminal does.
        os.killpg(child.pid, signal.SIGINT)
        *lines, last_line = child.stderr.read().splitlines()
    assert child.returncode == 130
    assert any(" was interrupted: " in line for line in lines)
    assert last_line == "Interrupted.  Run it again: it goes on where it stopped."
    assert_goes_on(demo)


def test_goes_on_where_it_was_killed(demo, start):
    with start("--workers", "2") as child:
        assert ": running, " in child.stderr.readline()
        os.killpg(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert_goes_on(demo)


def test_tables_fit_on_80_columns(run, examples):
    command = examples / "demo.py", "--limit", LIMIT
    cold = run(*command).stdout
    warm = run(*command).stdout
    # One line has the name of a folder.
    *_, longest = sorted(len(x) for x in warm.splitlines() if "entries" not in x)
    assert 60 < longest <= 80
    for heading in (
        "documented most complex functions names that go share most called calls"
    ).split():
        assert heading in cold
    assert "Run it again" in cold
    assert re.search(
        r"^ *1 +40 +40 +[\d.]+ *\n *2 +40 +0 +[\d.]+ *$", warm, re.MULTILINE
    )
    assert re.search(
        r"^Computing all this took \d+ times as long\.$", warm, re.MULTILINE
    )


def read_terminal(descriptor):
    while True:
        try:
            text = os.read(descriptor, 1000)
        except OSError:  # Linux's way of saying that all have closed it
            return
        if not text:
            return
        yield text


def test_terminal_shows_a_bar(environment, examples):
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, examples / "demo.py", "--limit", "20", "--workers", "2"],
        env={**environment, "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as child:
        os.close(theirs)
        shown = b"".join(read_terminal(ours)).decode()
        os.close(ours)
    assert child.returncode == 0
    # How many work is only shown while they do.
    assert "features" in shown
    assert "20/20" in shown
    assert "\n" not in shown[: shown.index("20/20")]


def test_matrix_is_mapped(demo, environment, examples):
    results, _ = demo("--limit", LIMIT)
    code = """
import mmap, sys
from pathlib import Path
from census.census import Census
from census.corpus import STDLIB
matrix = Census(STDLIB, Path(sys.argv[1]), 40).summary.together
print(matrix.nbytes)
base = matrix
while hasattr(base, "base"):
    base = base.base
print(isinstance(memoryview(base).obj, mmap.mmap))
"""
    path = os.pathsep.join([str(examples), environment["PYTHONPATH"]])
    printed = subprocess.check_output(
        [sys.executable, "-c", code, results["stored"]["folder"]],
        env={**environment, "PYTHONPATH": path},
        text=True,
    )
    assert printed.split() == [str(4 << 20), "True"]


def test_help_has_examples(run, examples):
    assert "demo.py --limit 100" in run(examples / "demo.py", "--help").stdout


def test_limit_is_positive(environment, examples):
    done = subprocess.run(
        [sys.executable, examples / "demo.py", "--limit", "0"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "--limit" in done.stderr

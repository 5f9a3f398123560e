from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import labourers
import pytest
from labour import BOUND, await_that, is_alive
from programs import run_code

from zensols.multi.orphan import watch_parent

ROOT = Path(__file__).parents[2]
METHODS = multiprocessing.get_all_start_methods()
DUTIES = ["spin", "sleep", "hog", "freeze"]

Employ = Callable[..., tuple["subprocess.Popen[str]", list[int]]]


@pytest.fixture
def employ(tmp_path: Path) -> Iterator[Employ]:
    """Starts programs with workers, and leaves none."""
    folder = tmp_path / "announced"
    folder.mkdir()
    started: list[subprocess.Popen[str]] = []
    known: list[int] = []

    def start(*args: str) -> tuple[subprocess.Popen[str], list[int]]:
        paths = [str(ROOT), str(Path(labourers.__file__).parent)]
        program = subprocess.Popen(
            [sys.executable, labourers.__file__, str(folder), *args],
            stdout=subprocess.PIPE,
            # Where the resource tracker says what it cleans up.
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            text=True,
        )
        started.append(program)
        assert program.stdout is not None
        workers = [int(pid) for pid in program.stdout.readline().split()]
        known.extend(workers)
        return program, workers

    yield start
    for program in started:
        program.kill()
    for pid in known:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for program in started:
        program.communicate()


@pytest.mark.parametrize("how", ["main", "thread"])
@pytest.mark.parametrize("method", METHODS)
def test_workers_end_with_their_parent(method: str, how: str, employ: Employ) -> None:
    parent, workers = employ(how, "processes", method, *DUTIES)
    assert len(workers) == len(DUTIES) + 1
    assert all(map(is_alive, workers))
    parent.kill()
    assert await_that(lambda: not any(map(is_alive, workers)))


@pytest.mark.parametrize("method", METHODS)
def test_workers_end_even_if_another_child_of_their_parent_does_not(
    method: str, employ: Employ
) -> None:
    """It has inherited the pipes of which they might notice that."""
    parent, workers = employ("heir", "processes", method, "spin", "sleep")
    assert len(workers) == 3
    assert parent.stdout is not None
    heir = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    try:
        assert await_that(lambda: not any(map(is_alive, workers)))
        assert is_alive(heir)
    finally:
        os.kill(heir, signal.SIGKILL)


def test_workers_of_dask_end_with_their_parent(employ: Employ) -> None:
    parent, workers = employ("main", "dask", "", *DUTIES)
    assert len(workers) == len(DUTIES) + 1
    assert all(map(is_alive, workers))
    parent.kill()
    assert await_that(lambda: not any(map(is_alive, workers)))


def test_workers_of_loky_end_with_their_parent(employ: Employ) -> None:
    parent, workers = employ("main", "loky", "", "spin", "sleep")
    assert len(workers) == 2
    assert all(map(is_alive, workers))
    parent.kill()
    assert await_that(lambda: not any(map(is_alive, workers)))


@pytest.mark.parametrize(
    ("engine", "method"), [*(("", method) for method in METHODS), ("loky", "")]
)
def test_worker_ends_whose_parent_is_dead_already(
    engine: str, method: str, employ: Employ
) -> None:
    parent, workers = employ("late", engine, method)
    assert len(workers) == 1
    assert is_alive(workers[0])
    # Without waiting for it, so that it still has an id.
    parent.kill()
    assert await_that(lambda: not is_alive(parent.pid))
    assert await_that(lambda: not is_alive(workers[0]))


def test_watches_its_parent_once() -> None:
    names = run_code(
        """
        import os, threading
        from zensols.multi.orphan import watch_parent

        watch_parent(os.getppid())
        watch_parent(os.getppid())
        print([thread.name for thread in threading.enumerate()])
        """
    )
    assert names == "['MainThread', 'watch-parent']"


def test_watches_no_other_process() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as other:
        watch_parent(other.pid)
        assert "watch-parent" not in [thread.name for thread in threading.enumerate()]
        other.communicate(b"\n", BOUND)

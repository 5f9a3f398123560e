from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import BrokenExecutor
from pathlib import Path

import labour
import pytest
from labour import BOUND, announced, await_that, is_alive
from programs import run_code, run_script

from zensols.multi.engine import ProcessesEngine
from zensols.multi.error import MultiProcessError
from zensols.persist.domain.reach import Reach

# Of those that run the tests.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

METHODS = multiprocessing.get_all_start_methods()


@pytest.mark.parametrize("method", METHODS)
def test_works_in_processes_of_this_machine(method: str, tmp_path: Path) -> None:
    engine = ProcessesEngine(2, method)
    assert (engine.workers, engine.reach) == (2, Reach.MACHINE)
    executor = engine.start()
    meetings = [executor.submit(labour.meet, tmp_path, 2) for _ in range(2)]
    workers = {meeting.result(BOUND) for meeting in meetings}
    assert len(workers - {os.getpid()}) == 2
    engine.stop(executor, now=False)
    assert not any(map(is_alive, workers))


@pytest.mark.parametrize("method", METHODS)
def test_starts_again_after_a_death(method: str) -> None:
    engine = ProcessesEngine(2, method)
    executor = engine.start()
    error = executor.submit(labour.die).exception(BOUND)
    assert error is not None
    assert engine.is_broken(error)
    assert engine.is_death(error)
    engine.stop(executor, now=True)
    executor = engine.start()
    assert executor.submit(pow, 2, 5).result(BOUND) == 32
    engine.stop(executor, now=False)


def test_stop_now_kills(tmp_path: Path) -> None:
    engine = ProcessesEngine(1)
    executor = engine.start()
    future = executor.submit(labour.spin, tmp_path)
    assert await_that(lambda: announced(tmp_path))
    engine.stop(executor, now=True)
    assert not any(map(is_alive, announced(tmp_path)))
    assert isinstance(future.exception(0), BrokenExecutor)


def test_start_method_is_the_platforms_unless_given() -> None:
    assert ProcessesEngine(1).start_method == multiprocessing.get_start_method()
    assert ProcessesEngine(1, "spawn").start_method == "spawn"
    assert repr(ProcessesEngine(3, "spawn")) == (
        "ProcessesEngine(workers=3, start_method='spawn')"
    )


def test_program_may_still_set_its_start_method() -> None:
    said = run_code(
        """
        import multiprocessing
        from zensols.multi.engine import ProcessesEngine
        engine = ProcessesEngine(1)
        print(engine.start_method == multiprocessing.get_context().get_start_method())
        """
    )
    assert said == "True"
    said = run_code(
        """
        import multiprocessing
        from zensols.multi.engine import ProcessesEngine
        engine = ProcessesEngine(1)
        assert engine.start_method
        multiprocessing.set_start_method("spawn")
        print(engine.start_method)
        """
    )
    assert said == "spawn"


def test_start_method_that_is_not_there() -> None:
    with pytest.raises(MultiProcessError, match=r"no start method 'thread'.* spawn"):
        ProcessesEngine(1, "thread")


BY_VALUE = """
import multiprocessing
from zensols.multi.engine import ProcessesEngine
if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods():
        if method == "fork" or ProcessesEngine(1, method).by_value:
            print(method, ProcessesEngine(1, method).by_value)
"""


def test_sends_what_is_in_main_where_it_is_not_imported(tmp_path: Path) -> None:
    others = [method for method in METHODS if method != "fork"]
    said = run_code(BY_VALUE).split()
    assert dict(zip(said[::2], said[1::2], strict=True)) == {
        **dict.fromkeys(others, "True"),
        "fork": "False",
    }
    assert run_script(tmp_path, BY_VALUE).split() == ["fork", "False"]


@pytest.mark.parametrize("method", METHODS)
def test_start_that_lacks_files_says_so_and_leaves_nothing(
    method: str, tmp_path: Path
) -> None:
    said = run_script(
        tmp_path,
        """
        import multiprocessing, os, resource, sys
        from zensols.multi.engine import ProcessesEngine
        from zensols.multi.error import MultiProcessError

        if __name__ == "__main__":
            method = sys.argv[1]
            # What stays, such as the fork server, is there before.
            engine = ProcessesEngine(1, method)
            engine.stop(engine.start(), now=False)
            most = len(os.listdir("/dev/fd")) + 20
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            try:
                ProcessesEngine(50, method).start()
            except MultiProcessError as e:
                print(e, multiprocessing.active_children())
        """,
        method,
    )
    assert said.startswith("Can't start the processes of ProcessesEngine(workers=50")
    assert said.endswith("Too many open files; try fewer workers []")


@pytest.mark.parametrize("method", [method for method in METHODS if method != "fork"])
def test_script_that_does_not_guard_its_work_is_told_to(
    method: str, tmp_path: Path
) -> None:
    said = run_script(
        tmp_path,
        """
        import sys
        from zensols.multi.engine import ProcessesEngine
        from zensols.multi.error import MultiProcessError

        engine = ProcessesEngine(2, sys.argv[1])
        try:
            engine.start()
        except MultiProcessError as e:
            print(e)
        """,
        method,
    )
    assert "died before there was any work" in said
    assert "under if __name__ == '__main__'" in said

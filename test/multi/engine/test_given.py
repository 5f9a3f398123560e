from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import Any

import labour
import pytest
from labour import BOUND

from zensols.multi.engine import ExecutorEngine
from zensols.multi.engine.main_module import is_main_importable
from zensols.multi.engine.serial import SerialExecutor
from zensols.multi.error import MultiProcessError
from zensols.persist.domain.reach import Reach

# Of those that run the tests.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


class FarExecutor(Executor):
    """One that this package knows nothing of."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture
def loky() -> Iterator[Callable[[], Executor]]:
    from loky import get_reusable_executor

    yield lambda: get_reusable_executor(2, timeout=BOUND)
    get_reusable_executor(2, timeout=BOUND).shutdown(wait=True, kill_workers=True)


@pytest.mark.parametrize(
    ("make", "reach", "by_value"),
    [
        (lambda: ThreadPoolExecutor(1), Reach.PROCESS, False),
        (SerialExecutor, Reach.PROCESS, False),
        (lambda: ProcessPoolExecutor(1), Reach.MACHINE, not is_main_importable()),
        (FarExecutor, Reach.NETWORK, True),
    ],
)
def test_kinds(make: Callable[[], Executor], reach: Reach, by_value: bool) -> None:
    with make() as executor:
        engine = ExecutorEngine(executor, 7)
        assert (engine.reach, engine.by_value, engine.workers) == (reach, by_value, 7)
        of_function = ExecutorEngine(lambda: executor, 7)
        assert (of_function.reach, of_function.by_value) == (reach, by_value)


def test_stop_leaves_it_to_its_owner() -> None:
    with ThreadPoolExecutor(1) as executor:
        engine = ExecutorEngine(executor, 1)
        for now in (False, True):
            assert engine.start() is executor
            engine.stop(executor, now=now)
        assert executor.submit(pow, 2, 5).result(BOUND) == 32


def test_executor_that_was_shut_down_can_not_start() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    engine = ExecutorEngine(executor, 1)
    with pytest.raises(MultiProcessError, match=r"takes no work.* or a function"):
        engine.start()


def test_executor_that_broke_can_not_start_again() -> None:
    with ProcessPoolExecutor(1) as executor:
        engine = ExecutorEngine(executor, 1)
        error = engine.start().submit(labour.die).exception(BOUND)
        assert error is not None
        assert engine.is_broken(error)
        assert engine.is_death(error)
        engine.stop(executor, now=True)
        with pytest.raises(MultiProcessError, match=r"ProcessPoolExecutor.*no work"):
            engine.start()


def test_function_gives_one_that_works_again(loky: Callable[[], Executor]) -> None:
    engine = ExecutorEngine(loky, 2)
    assert (engine.reach, engine.by_value) == (Reach.MACHINE, True)
    executor = engine.start()
    error = executor.submit(labour.die).exception(BOUND)
    assert isinstance(error, BrokenExecutor)
    assert engine.is_broken(error)
    engine.stop(executor, now=True)
    executor = engine.start()
    assert executor.submit(os.getpid).result(BOUND) != os.getpid()
    engine.stop(executor, now=False)


def test_shows_what_it_has() -> None:
    assert repr(ExecutorEngine(SerialExecutor(), 2)) == (
        "ExecutorEngine(SerialExecutor, workers=2)"
    )

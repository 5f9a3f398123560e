from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor
from concurrent.futures.process import BrokenProcessPool
from concurrent.futures.thread import BrokenThreadPool
from typing import NoReturn

import pytest

from zensols.multi.engine import Engine, SerialEngine
from zensols.multi.engine.serial import SerialExecutor
from zensols.persist.domain.reach import Reach


class Least(Engine):
    """What an engine has to have."""

    name = "least"
    reach = Reach.NETWORK

    def start(self) -> Executor:
        return SerialExecutor()

    def stop(self, executor: Executor, *, now: bool) -> None:
        executor.shutdown()


def fail() -> NoReturn:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "broken"),
    [
        (BrokenExecutor(), True),
        (BrokenProcessPool(), True),
        (BrokenThreadPool(), True),
        (RuntimeError(), False),
        (ZeroDivisionError(), False),
    ],
)
def test_tells_a_broken_executor(error: Exception, broken: bool) -> None:
    assert Least(1).is_broken(error) is broken
    assert Least(1).is_death(error) is broken


def test_least_engine() -> None:
    engine = Least(3)
    assert engine.workers == 3
    assert engine.by_value is False
    assert repr(engine) == "Least(workers=3)"


def test_workers_that_are_here_need_no_check() -> None:
    SerialEngine().check(fail)


def test_engine_says_how_far_its_workers_are() -> None:
    with pytest.raises(TypeError, match=r"reach.*start.*stop"):
        Engine(1)  # type: ignore[abstract]

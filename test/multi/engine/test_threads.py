from __future__ import annotations

import threading

import pytest
from labour import BOUND

from zensols.multi.engine import ThreadsEngine
from zensols.persist.domain.reach import Reach


def test_works_in_as_many_threads() -> None:
    engine = ThreadsEngine(3)
    executor = engine.start()
    together = threading.Barrier(3)
    futures = [executor.submit(together.wait, BOUND) for _ in range(3)]
    assert sorted(future.result(BOUND) for future in futures) == [0, 1, 2]
    engine.stop(executor, now=False)


def test_is_this_process() -> None:
    engine = ThreadsEngine(3)
    assert (engine.workers, engine.reach, engine.by_value) == (3, Reach.PROCESS, False)


def test_stop_waits_for_what_was_submitted() -> None:
    engine = ThreadsEngine(1)
    executor = engine.start()
    go_on = threading.Event()
    futures = [executor.submit(go_on.wait, BOUND) for _ in range(3)]
    stopping = threading.Thread(
        target=engine.stop, args=(executor,), kwargs={"now": False}
    )
    stopping.start()
    assert not any(future.done() for future in futures)
    go_on.set()
    stopping.join(BOUND)
    assert all(future.result(0) for future in futures)


def test_stop_now_waits_for_nothing() -> None:
    engine = ThreadsEngine(1)
    executor = engine.start()
    begun, go_on = threading.Event(), threading.Event()
    try:
        working = executor.submit(lambda: begun.set() or go_on.wait(BOUND))
        waiting = executor.submit(go_on.wait)
        assert begun.wait(BOUND)
        engine.stop(executor, now=True)
        assert waiting.cancelled()
    finally:
        go_on.set()
    assert working.result(BOUND)


def test_can_be_started_again() -> None:
    engine = ThreadsEngine(1)
    for _ in range(2):
        executor = engine.start()
        assert executor.submit(pow, 2, 5).result(BOUND) == 32
        engine.stop(executor, now=False)
        with pytest.raises(RuntimeError):
            executor.submit(pow, 2, 5)

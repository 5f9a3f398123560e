from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest

from zensols.persist.backup import pace
from zensols.persist.backup.pace import Pace


class Watch:
    """Time, which goes on while somebody sleeps."""

    def __init__(self, wait: float) -> None:
        self.time = 0.0
        self.wait = wait
        self.slept: list[float] = []

    def perf_counter(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds or self.wait


@pytest.mark.parametrize(
    ("count", "wait", "slept"),
    [(2, 0.0001, [0]), (2, 1.0, [0, 20.0]), (1, 1.0, [])],
)
def test_rests_if_others_want_to_run(
    count: int, wait: float, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch: Any = Watch(wait)
    monkeypatch.setattr(pace, "time", watch)
    monkeypatch.setattr(threading, "active_count", lambda: count)
    steps = Pace()
    for _ in range(2):
        watch.slept.clear()
        watch.time += 10
        steps.rest()
        assert watch.slept == slept


def test_busy_thread_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            pass

    slept: list[float] = []
    real = pace.time.sleep

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        real(min(seconds, 0.001))

    monkeypatch.setattr(pace.time, "sleep", sleep)
    thread = threading.Thread(target=work)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.01)
    try:
        thread.start()
        steps = Pace()
        end = time.monotonic() + 60
        # Other programs may keep the busy thread from running for a while.
        while not any(slept[-2:]) and time.monotonic() < end:
            steps.rest()
        assert any(slept[-2:])
    finally:
        sys.setswitchinterval(before)
        stop.set()
        thread.join(60)

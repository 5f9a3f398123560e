from __future__ import annotations

import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.backup.ticker import SYSTEM, Ticker, next_tick


class Hands:
    """A clock that stands unless somebody waits, or works, and stops in the end."""

    def __init__(self, end: float) -> None:
        self.time = 100.0
        self.end = end

    def now(self) -> float:
        return self.time

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        # Waits wake late.
        self.time += seconds + 0.25
        if self.time > self.end:
            stop.set()
        return stop.is_set()


@given(
    st.floats(0, 1e6), st.floats(0.001, 1e5), st.floats(0, 1e6), st.integers(0, 1000)
)
def test_next_is_after_now_within_an_interval(
    start: float, interval: float, since: float, number: int
) -> None:
    now = start + since
    due = next_tick(start, interval, now)
    assert due >= now
    assert due - now <= interval * 1.0001 + 1e-6


def test_times_do_not_drift() -> None:
    clock, times = Hands(end=1100), list[float]()

    def work() -> None:
        times.append(clock.time)
        clock.time += 3

    Ticker(10, work, clock).run()
    assert times == [110.25 + 10 * number for number in range(len(times))]
    assert len(times) == 99


def test_missed_times_are_left_out() -> None:
    clock, times = Hands(end=200), list[float]()

    def work() -> None:
        times.append(clock.time)
        clock.time += 34

    Ticker(10, work, clock).run()
    assert times == [110.25, 150.25, 190.25]


def test_failure_is_logged_and_not_the_end(caplog: pytest.LogCaptureFixture) -> None:
    clock, times = Hands(end=140), list[float]()

    def work() -> None:
        times.append(clock.time)
        raise OSError("no disk")

    with caplog.at_level(logging.ERROR):
        Ticker(10, work, clock).run()
    assert len(times) == 3
    assert caplog.text.count("OSError: no disk") == 3


def test_time_left() -> None:
    clock = Hands(end=118)
    left: list[float | None] = []
    ticker = Ticker(10, lambda: left.append(ticker.seconds_left), clock)
    assert ticker.seconds_left is None
    ticker.run()
    assert left == [9.75]
    assert ticker.seconds_left is None


def test_begins_when_it_is_started() -> None:
    """However late its thread comes to run."""
    late = threading.Event()

    class Slow(Hands):
        def now(self) -> float:
            if threading.current_thread() is not threading.main_thread():
                assert late.wait(60)
            return super().now()

    clock, times = Slow(end=128), list[float]()
    ticker = Ticker(10, lambda: times.append(clock.time), clock)
    ticker.start()
    assert ticker.seconds_left == 10
    clock.time += 15
    late.set()
    ticker._thread.join(60)
    assert times == [115, 120.25]


def test_thread_runs_until_stopped() -> None:
    # Handlers of other tests may have threads of that name.
    others = threading.enumerate()
    done = threading.Event()
    ticker = Ticker(0.001, done.set)
    ticker.start()
    assert done.wait(60)
    ticker.stop()
    ticker.stop()
    left = [t for t in threading.enumerate() if t not in others]
    assert not [t for t in left if "zensols.persist b" in t.name]


def test_stopping_does_not_wait_for_the_interval() -> None:
    ticker = Ticker(1e9, lambda: None)
    ticker.start()
    ticker.stop()
    assert ticker.seconds_left is None


def test_call_can_stop_its_own_ticker() -> None:
    done = threading.Event()

    def work() -> None:
        ticker.stop()
        done.set()

    ticker = Ticker(0.001, work)
    ticker.start()
    assert done.wait(60)


def test_system_clock_goes_on() -> None:
    before = SYSTEM.now()
    assert not SYSTEM.wait(threading.Event(), 0)
    assert SYSTEM.now() >= before

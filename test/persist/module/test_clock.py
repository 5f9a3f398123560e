from __future__ import annotations

import threading

from zensols.persist.module import ManualClock, SystemClock


def test_manual_clock_calls_in_order() -> None:
    clock = ManualClock()
    called: list[str] = []
    stop = clock.every(10, lambda: called.append("a"))
    clock.every(4, lambda: called.append("b"))
    clock.advance(3.5)
    assert called == []
    clock.advance(8.5)
    assert called == ["b", "b", "a", "b"]
    stop()
    clock.advance(8)
    assert called == ["b", "b", "a", "b", "b", "b"]


def test_manual_clock_can_be_stopped_by_what_it_calls() -> None:
    clock = ManualClock()
    called: list[int] = []

    def call() -> None:
        called.append(1)
        stop()

    stop = clock.every(1, call)
    clock.advance(10)
    assert called == [1]


def test_system_clock_calls_in_a_daemon_thread() -> None:
    threads: list[threading.Thread] = []
    done = threading.Event()

    def call() -> None:
        threads.append(threading.current_thread())
        if len(threads) == 3:
            done.set()

    stop = SystemClock().every(0.001, call)
    assert done.wait(60)
    stop()
    threads[0].join(60)
    assert not threads[0].is_alive()
    assert threads[0].daemon
    assert threads[0] is not threading.current_thread()
    assert len({*threads}) == 1

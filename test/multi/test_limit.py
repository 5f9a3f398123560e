from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from labour import BOUND

from zensols.multi.error import ItemTimeoutError
from zensols.multi.limit import Limit

SOON = 0.2
NEVER = 600.0
"""Seconds after which the test has failed otherwise."""


def in_main(work: Callable[[], Any]) -> Any:
    return work()


def in_thread(work: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(NEVER)


PAUSE = "import signal; signal.pause()"

WHERE = pytest.mark.parametrize("run", [in_main, in_thread])


def spin() -> None:
    spin_until(time.monotonic() + NEVER)


def spin_until(end: float) -> None:
    # A function, since Python 3.13.0 does not see a `try` around the end of a loop.
    while time.monotonic() < end:
        pass


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    """Leaves the alarm as it was, which may be the test's own bound."""
    handler = signal.getsignal(signal.SIGALRM)
    armed = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    yield
    assert signal.getsignal(signal.SIGALRM) is handler
    assert (signal.getitimer(signal.ITIMER_REAL)[0] > 0) is armed


@WHERE
def test_interrupts_python_code(run: Any) -> None:
    def work() -> None:
        with Limit(SOON) as limit:
            limit.start("'word'")
            spin()

    with pytest.raises(ItemTimeoutError) as error:
        run(work)
    assert str(error.value) == "Item 'word' took longer than 0.2 seconds"
    assert type(error.value) is ItemTimeoutError
    assert "spin" in [entry.name for entry in error.traceback]


@pytest.mark.parametrize(
    "wait",
    [
        lambda: time.sleep(NEVER),
        lambda: threading.Event().wait(NEVER),
    ],
    ids=["sleep", "event"],
)
def test_alarm_interrupts_waiting(wait: Callable[[], Any]) -> None:
    with Limit(SOON) as limit, pytest.raises(ItemTimeoutError, match="'word' took"):
        limit.start("'word'")
        wait()


def test_alarm_interrupts_waiting_for_a_process() -> None:
    # Started before, since one whose start is interrupted goes on, and is warned of.
    with subprocess.Popen([sys.executable, "-c", PAUSE]) as process:
        try:
            with Limit(SOON) as limit, pytest.raises(ItemTimeoutError, match="'word'"):
                limit.start("'word'")
                process.wait()
        finally:
            process.kill()


@WHERE
def test_the_text_is_there_at_once(run: Any) -> None:
    def work() -> str:
        with Limit(SOON) as limit:
            limit.start("'word'")
            try:
                spin()
            except TimeoutError as e:
                return str(e)
        return "not raised"

    assert run(work) == "Item 'word' took longer than 0.2 seconds"


@WHERE
def test_counts_anew_for_each_item(run: Any) -> None:
    """Together they take longer than one may."""

    def work() -> int:
        count = 0
        began = last = time.monotonic()
        while last < began + 1:
            try:
                with Limit(0.5) as limit:
                    while last < began + 1:
                        last = time.monotonic()
                        limit.start(str(count))
                        count += 1
                        if count % 2:
                            limit.clear()
            except ItemTimeoutError:
                # As is right if other work had the processor for so long.
                assert time.monotonic() - last >= 0.5
                began = last = time.monotonic()
        return count

    assert run(work) > 2


@WHERE
def test_names_the_item_that_is_late(run: Any) -> None:
    def work() -> None:
        with Limit(SOON) as limit:
            limit.start("'a'")
            limit.clear()
            limit.start("'b'")
            limit.start("'c'")
            spin()

    with pytest.raises(ItemTimeoutError, match="Item 'c' took"):
        run(work)


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads take turns more often, so that a watcher is in time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@WHERE
@pytest.mark.parametrize("leave", [False, True])
def test_nothing_is_raised_after_the_item(
    run: Any, leave: bool, quick_switches: None
) -> None:
    """However close to its end it is interrupted."""

    def work() -> int:
        rounds = 0
        limit = Limit(0.001)
        for micros in range(900, 4900, 20):
            end = time.monotonic() + micros / 1e6
            try:
                with limit:
                    limit.start("'word'")
                    spin_until(end)
                    if not leave:
                        limit.clear()
            except ItemTimeoutError:
                pass
            spin_until(time.monotonic() + 0.002)
            rounds += 1
        return rounds

    assert run(work) == 200


@WHERE
def test_another_item_after_a_late_one(run: Any) -> None:
    def work() -> list[str]:
        texts = []
        limit = Limit(SOON)
        for item in "ab":
            try:
                with limit:
                    limit.start(item)
                    spin()
            except ItemTimeoutError as e:
                texts.append(str(e))
        return texts

    assert run(work) == [f"Item {i} took longer than 0.2 seconds" for i in "ab"]


@WHERE
def test_another_item_in_the_same_block(run: Any) -> None:
    def work() -> int:
        late = 0
        with Limit(SOON) as limit:
            for item in "ab":
                try:
                    limit.start(item)
                    spin()
                except ItemTimeoutError:
                    late += 1
        return late

    assert run(work) == 2


@WHERE
def test_other_errors_pass_through(run: Any) -> None:
    def work() -> None:
        with Limit(NEVER) as limit:
            limit.start("'word'")
            raise KeyError("root")

    with pytest.raises(KeyError, match="root"):
        run(work)


@WHERE
def test_no_limit(run: Any) -> None:
    def work() -> bool:
        handler = signal.getsignal(signal.SIGALRM)
        threads = set(threading.enumerate())
        with Limit(None) as limit:
            limit.start("'word'")
            same = signal.getsignal(signal.SIGALRM) is handler
            limit.clear()
            return same and set(threading.enumerate()) <= threads

    assert run(work)


def test_alarm_comes_again() -> None:
    """To code that goes on regardless."""
    caught = []
    with Limit(SOON) as limit:
        limit.start("'word'")
        while len(caught) < 2:
            try:
                time.sleep(NEVER)
            except ItemTimeoutError as e:
                caught.append(str(e))
    assert len(caught) == 2


@pytest.fixture
def alarms() -> Iterator[list[str]]:
    """The alarms of the program itself, in place of pytest's."""
    seen: list[str] = []
    previous = signal.signal(signal.SIGALRM, lambda *_: seen.append("own"))
    bound = signal.setitimer(signal.ITIMER_REAL, 0)
    yield seen
    signal.setitimer(signal.ITIMER_REAL, *bound)
    signal.signal(signal.SIGALRM, previous)


def test_alarm_of_the_program_goes_on(alarms: list[str]) -> None:
    signal.setitimer(signal.ITIMER_REAL, NEVER, 2 * NEVER)
    with Limit(SOON) as limit:
        limit.start("'word'")
        with pytest.raises(ItemTimeoutError):
            time.sleep(NEVER)
        assert alarms == []
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    # The time that the item took has passed for it, too.
    assert 0 < left <= NEVER - SOON
    assert interval == pytest.approx(2 * NEVER)
    signal.raise_signal(signal.SIGALRM)
    assert alarms == ["own"]


def test_alarm_of_the_program_that_is_overdue(alarms: list[str]) -> None:
    signal.setitimer(signal.ITIMER_REAL, SOON)
    with Limit(2 * SOON) as limit:
        limit.start("'word'")
        with pytest.raises(ItemTimeoutError):
            time.sleep(NEVER)
    # It may have come by now.
    while not alarms:
        time.sleep(SOON)
    assert alarms == ["own"]


def test_watchers_end() -> None:
    def work() -> set[threading.Thread]:
        before = set(threading.enumerate())
        with Limit(NEVER) as limit:
            limit.start("'word'")
            watchers = set(threading.enumerate()) - before
            limit.clear()
        return watchers

    (watcher,) = in_thread(work)
    # Long before the item would have been late.
    watcher.join(BOUND)
    assert not watcher.is_alive()


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), True, "1"])
def test_wrong_limits(seconds: Any) -> None:
    with pytest.raises(ValueError, match=r"positive number.*None for none: "):
        Limit(seconds)

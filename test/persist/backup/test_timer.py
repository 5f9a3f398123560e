from __future__ import annotations

import datetime as dt
import sys
import threading

import pytest

from zensols.persist.backup.due import parse_time
from zensols.persist.backup.timer import Timer
from zensols.persist.error import PersistableError

# Half a day away, and so not while a test runs.
DAILY = parse_time(((dt.datetime.now(dt.UTC).hour + 12) % 24, 0), "UTC")


def test_looks_at_once_and_only_once_begun() -> None:
    calls = threading.Semaphore(0)
    timer = Timer(calls.release)
    timer.start(DAILY)
    timer.start(DAILY)
    assert calls.acquire(timeout=60)
    timer.stop()
    timer.stop()
    assert not calls.acquire(blocking=False)


def test_stopping_waits_for_what_goes_on() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def check() -> None:
        begun.set()
        assert go_on.wait(60)
        ended.set()

    timer = Timer(check)
    timer.start(DAILY)
    assert begun.wait(60)
    stopper = threading.Thread(target=timer.stop)
    stopper.start()
    assert not ended.is_set()
    go_on.set()
    stopper.join(60)
    assert ended.is_set()


def test_can_begin_again() -> None:
    calls = threading.Semaphore(0)
    timer = Timer(calls.release)
    for _ in range(2):
        timer.start(DAILY)
        assert calls.acquire(timeout=60)
        timer.stop()


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apscheduler.schedulers.background", None)
    with pytest.raises(PersistableError, match=r"zensols\.persist\[backup\]"):
        Timer(lambda: None).start(DAILY)

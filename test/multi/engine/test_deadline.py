from __future__ import annotations

import threading

import pytest
from labour import BOUND

from zensols.multi.engine.deadline import deadline


def test_calls_when_it_takes_too_long() -> None:
    called = threading.Event()
    with deadline(0.01, called.set):
        assert called.wait(BOUND)


def test_calls_nothing_and_leaves_nothing_when_it_does_not() -> None:
    called = threading.Event()
    # Of other tests' threads some may end meanwhile.
    before = set(threading.enumerate())
    with deadline(BOUND, called.set):
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) <= before
    assert not called.is_set()


def test_raises_what_is_raised() -> None:
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), deadline(BOUND, threading.Event().set):
        raise ZeroDivisionError
    assert set(threading.enumerate()) <= before

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from zensols.persist.annotation.lock import ThreadLock, locked
from zensols.persist.error import LockTimeoutError


class Holder:
    def __init__(self) -> None:
        self.lock = ThreadLock()

    def __str__(self) -> str:
        return "the holder"


def test_reentrant() -> None:
    holder = Holder()
    with locked(holder), locked(holder, timeout=0):
        pass


def test_excludes_other_threads() -> None:
    holder = Holder()
    raised: list[LockTimeoutError] = []

    def enter() -> None:
        try:
            with locked(holder, timeout=0.01):
                pass
        except LockTimeoutError as e:
            raised.append(e)

    with locked(holder):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(60)
    assert "the holder within 0.01 seconds" in str(raised[0])
    assert str(os.getpid()) in str(raised[0])


def test_objects_have_locks_of_their_own() -> None:
    first, second = Holder(), Holder()
    entered = threading.Event()

    def enter() -> None:
        with locked(second, timeout=60):
            entered.set()

    with locked(first):
        thread = threading.Thread(target=enter)
        thread.start()
        assert entered.wait(60)
        thread.join(60)


def test_time_left() -> None:
    holder = Holder()
    with locked(holder) as left:
        assert left is None
    with locked(holder, timeout=5) as left:
        assert left is not None
        assert 0 <= left <= 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_forgotten_by_forked_child(run_python: Callable[..., str]) -> None:
    code = """if True:
        import os, threading
        from zensols.persist.annotation.lock import locked
        from types import SimpleNamespace
        from zensols.persist.annotation.lock import ThreadLock
        holder = SimpleNamespace(lock=ThreadLock())
        has, fork = threading.Event(), threading.Event()
        def keep():
            with locked(holder):
                has.set()
                fork.wait(60)
        thread = threading.Thread(target=keep)
        thread.start()
        has.wait(60)
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            with locked(holder, timeout=5):
                os._exit(7)
        _, status = os.waitpid(child, 0)
        fork.set()
        thread.join()
        print(os.waitstatus_to_exitcode(status))
    """
    assert run_python(code).strip() == "7"

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from zensols.persist import DictionaryStash, PersistableError
from zensols.persist.domain import BatchGate, NoopStash, Stash, key_lock
from zensols.persist.error import LockTimeoutError, StoreUnavailableError


class Besides(DictionaryStash[Any]):
    """Counts those beside it that were closed."""

    closed = 0

    def _make_beside(self, name: str) -> DictionaryStash[Any]:
        class Beside(DictionaryStash[Any]):
            def close(self) -> None:
                Besides.closed += 1

        return Beside()


def run(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.fixture(params=[DictionaryStash, NoopStash])
def gate(request: pytest.FixtureRequest) -> BatchGate:
    """With and without a place for the sign."""
    stash: Stash[Any] = request.param()
    return BatchGate(stash, "test")


def test_many_pass_at_once(gate: BatchGate) -> None:
    barrier = threading.Barrier(8, timeout=60)
    passed = []

    def work() -> None:
        with gate.passing():
            passed.append(barrier.wait())

    threads = [run(work) for _ in range(8)]
    for thread in threads:
        thread.join()
    assert len(passed) == 8


def test_locks_of_the_dead_hold_nobody_up() -> None:
    stash = DictionaryStash[int]()
    gate = BatchGate(stash, "test")
    passed = threading.Event()

    def work() -> None:
        with gate.passing():
            passed.set()

    with ExitStack() as stack:
        for number in range(7):
            stack.enter_context(stash.lock(f"\0zensols.persist.test.{number}"))
        thread = run(work)
        assert passed.wait(60)
    thread.join()


def test_one_is_alone(gate: BatchGate) -> None:
    log: list[str] = []
    inside = threading.Event()

    def work() -> None:
        with gate.shut():
            inside.set()
            log.append("shut")
        log.append("open")

    with gate.passing():
        thread = run(work)
        assert not inside.wait(0.05)
        log.append("passed")
    thread.join()
    assert log == ["passed", "shut", "open"]


def test_who_comes_later_waits(gate: BatchGate) -> None:
    log: list[str] = []

    def work() -> None:
        with gate.passing():
            log.append("passing")

    with gate.shut():
        threads = [run(work) for _ in range(3)]
        for thread in threads:
            thread.join(0.02)
        log.append("alone")
    for thread in threads:
        thread.join()
    assert log == ["alone", "passing", "passing", "passing"]


def test_timeout(gate: BatchGate) -> None:
    go_on, inside = threading.Event(), threading.Event()

    def work() -> None:
        with gate.passing():
            inside.set()
            assert go_on.wait(60)

    thread = run(work)
    assert inside.wait(60)
    with pytest.raises(LockTimeoutError), gate.shut(0.01):
        pytest.fail("somebody is inside")
    go_on.set()
    thread.join()
    with gate.shut(60), gate.passing(), gate.passing(), gate.shut(0):
        pass


def test_inside_of_who_waits(gate: BatchGate) -> None:
    """Who is inside can pass again though somebody wants to be alone."""
    waiting = run(lambda: None)
    waiting.join()
    done = []

    def work() -> None:
        with gate.shut():
            done.append(1)

    with gate.passing():
        thread = run(work)
        thread.join(0.05)
        with gate.passing():
            assert done == []
    thread.join()
    assert done == [1]


def test_sign_of_the_dead() -> None:
    stash = DictionaryStash[Any]()
    beside = stash.beside("test")
    assert beside is not None
    beside["shut"] = 1
    with BatchGate(stash, "test").passing():
        assert not beside.exists("shut")


def test_error_inside(gate: BatchGate) -> None:
    for enter in gate.passing, gate.shut:
        with pytest.raises(ValueError, match="mine"), enter():
            raise ValueError("mine")
        with gate.shut(60), gate.passing():
            pass


def test_beside_is_closed_by_the_next_batch() -> None:
    stash = Besides()
    with BatchGate(stash, "test").passing():
        pass
    before = Besides.closed
    del stash
    gc.collect()
    # Not where garbage is collected, since that may be in the middle of closing.
    assert Besides.closed == before
    with BatchGate(DictionaryStash[Any](), "test").passing():
        pass
    assert Besides.closed == before + 1


class Lockless(DictionaryStash[Any]):
    error: type[PersistableError] = PersistableError

    def lock(self, key: str, timeout: float | None = None) -> Any:
        raise self.error("no locks")


def test_key_lock_without_locks() -> None:
    stash = Lockless()
    with key_lock(stash, "a"), key_lock(stash, "a"):
        failed: list[bool] = []

        def work() -> None:
            try:
                with key_lock(stash, "a", 0):
                    failed.append(False)
            except LockTimeoutError:
                failed.append(True)

        run(work).join()
    assert failed == [True]
    for error in LockTimeoutError, StoreUnavailableError:
        stash.error = error
        with pytest.raises(error), key_lock(stash, "a"):
            pytest.fail("there is none")


def test_batch_of_a_stash() -> None:
    stash = DictionaryStash[Any]()
    with stash.batch():
        stash["a"] = 1
    with stash.frozen(60) as frozen:
        assert frozen is stash

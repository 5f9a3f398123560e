from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path

import labour
import pytest
from labour import BOUND, announced, await_that, is_alive
from programs import run_script
from server import suspend

from zensols.multi.engine.pool import ProcessPool

# Of those that run the tests.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

METHODS = multiprocessing.get_all_start_methods()


def children() -> set[int]:
    return {child.pid or 0 for child in multiprocessing.active_children()}


@contextmanager
def pool_of(workers: int, method: str) -> Iterator[tuple[ProcessPool, set[int]]]:
    before = children()
    pool = ProcessPool(workers, method)
    try:
        yield pool, children() - before
    finally:
        pool.end(now=True)


def end_in_time(pool: ProcessPool, *, now: bool) -> bool:
    """End a pool and return whether that took no longer than it may."""
    thread = threading.Thread(target=pool.end, kwargs={"now": now}, daemon=True)
    thread.start()
    thread.join(BOUND)
    return not thread.is_alive()


def on_duty(
    pool: Executor, folder: Path, duty: str, workers: int
) -> list[Future[None]]:
    """Have so many workers do something, and return when they are at it."""
    futures = [pool.submit(getattr(labour, duty), folder) for _ in range(workers)]
    assert await_that(lambda: len(announced(folder)) == workers)
    return futures


@pytest.mark.parametrize("method", METHODS)
def test_all_processes_run_from_the_start(method: str, tmp_path: Path) -> None:
    with pool_of(3, method) as (pool, workers):
        assert len(workers) == 3
        meetings = [pool.submit(labour.meet, tmp_path, 3) for _ in range(3)]
        assert {meeting.result(BOUND) for meeting in meetings} == workers


@pytest.mark.parametrize("method", METHODS)
def test_end_waits_for_what_was_submitted(method: str, tmp_path: Path) -> None:
    file = tmp_path / "go on"
    with pool_of(1, method) as (pool, workers):
        futures = [pool.submit(labour.wait_for_file, file) for _ in range(5)]
        thread = threading.Thread(target=pool.end, kwargs={"now": False})
        thread.start()
        # Else they would be cancelled or killed by now, or it would hang.
        assert not any(future.done() for future in futures)
        file.touch()
        thread.join(BOUND)
        assert {future.result(0) for future in futures} == workers
        assert not any(map(is_alive, workers))


@pytest.mark.parametrize("duty", ["spin", "sleep", "hog", "freeze"])
@pytest.mark.parametrize("method", METHODS)
def test_end_now_kills(method: str, duty: str, tmp_path: Path) -> None:
    with pool_of(2, method) as (pool, workers):
        futures = on_duty(pool, tmp_path, duty, 2)
        futures += [pool.submit(os.getpid) for _ in range(10)]
        assert end_in_time(pool, now=True)
        assert not any(map(is_alive, workers))
        for future in futures:
            assert future.done()
            if not future.cancelled():
                assert isinstance(future.exception(), BrokenExecutor)


def test_end_kills_what_has_no_work_and_does_not_leave() -> None:
    with pool_of(2, "spawn") as (pool, workers):
        for worker in workers:
            suspend(worker)
        assert end_in_time(pool, now=False)
        assert not any(map(is_alive, workers))


@pytest.mark.parametrize("method", METHODS)
def test_death_breaks_a_pool_whose_other_workers_do_not_react(
    method: str, tmp_path: Path
) -> None:
    with pool_of(2, method) as (pool, workers):
        (frozen,) = on_duty(pool, tmp_path, "freeze", 1)
        death = pool.submit(labour.die)
        assert isinstance(death.exception(BOUND), BrokenProcessPool)
        assert isinstance(frozen.exception(BOUND), BrokenProcessPool)
        assert await_that(lambda: not any(map(is_alive, workers)))
        with pytest.raises(BrokenProcessPool):
            pool.submit(os.getpid)
        assert end_in_time(pool, now=False)


@pytest.mark.parametrize("method", METHODS)
def test_death_of_each_worker_is_noticed(method: str, tmp_path: Path) -> None:
    """That of the one that was started last, too, while no other has any news."""
    with pool_of(2, method) as (pool, workers):
        future = on_duty(pool, tmp_path, "spin", 1)[0]
        (idle,) = workers - set(announced(tmp_path))
        os.kill(idle, signal.SIGKILL)
        assert isinstance(future.exception(BOUND), BrokenProcessPool)


def test_ends_when_waiting_was_interrupted_as_it_began() -> None:
    """When wait() had taken futures' locks, but could not yet give them back."""
    with pool_of(1, "fork") as (pool, _):
        futures = [pool.submit(time.sleep, BOUND) for _ in range(4)]
        for future in futures:
            future._condition.acquire()
        pool.end(now=True)
    assert all(future.done() for future in futures)


@pytest.mark.parametrize("method", METHODS)
def test_ended_pool_leaves_nothing(method: str) -> None:
    def left() -> set[object]:
        gc.collect()
        threads = {("thread", thread.ident) for thread in threading.enumerate()}
        return {*threads, *children(), *semaphores(), *open_files()}

    with pool_of(1, method):
        # The fork server and the resource tracker stay, once they are there.
        pass
    # What other tests have left may go meanwhile.
    before = left()
    with pool_of(2, method) as (pool, _):
        pool.submit(os.getpid).result(BOUND)
        pool.end(now=False)
    del pool
    assert left() <= before
    with pool_of(2, method) as (pool, _):
        pool.end(now=True)
    del pool
    assert left() <= before


def semaphores() -> set[str]:
    """Those of this process that have a name still."""
    mapped = Path("/proc/self/maps").read_text().splitlines()
    return {line for line in mapped if "/sem." in line and "(deleted)" not in line}


def open_files() -> set[str]:
    found = set()
    for name in os.listdir("/dev/fd"):
        # The one that lists them is gone.
        with suppress(OSError):
            found.add(os.readlink(f"/dev/fd/{name}"))
    return found


@pytest.mark.parametrize("method", METHODS)
def test_start_leaves_signals_as_they_were(method: str) -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    handler = signal.getsignal(signal.SIGINT)
    with pool_of(1, method):
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
        assert signal.getsignal(signal.SIGINT) is handler


def test_worker_that_dies_at_once_breaks_the_start(tmp_path: Path) -> None:
    said = run_script(
        tmp_path,
        """
        import multiprocessing, os
        from concurrent.futures import BrokenExecutor
        from zensols.multi.engine.pool import ProcessPool

        if __name__ == "__mp_main__":
            os._exit(3)
        if __name__ == "__main__":
            try:
                ProcessPool(2, "spawn")
            except BrokenExecutor:
                print("broken", multiprocessing.active_children())
        """,
    )
    assert said == "broken []"


def test_interrupted_end_kills(tmp_path: Path) -> None:
    with pool_of(1, METHODS[0]) as (pool, workers):
        on_duty(pool, tmp_path, "spin", 1)
        interrupter = threading.Thread(target=interrupt_wait)
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            pool.end(now=False)
        interrupter.join()
        assert await_that(lambda: not any(map(is_alive, workers)))


def interrupt_wait() -> None:
    """Send Ctrl-C to the main thread when it waits in :meth:`ProcessPool.end`."""
    main = threading.main_thread().ident or 0

    def waits() -> bool:
        frame = sys._current_frames()[main]
        return {"end", "wait"} <= {
            f.f_code.co_name for f, _ in traceback.walk_stack(frame)
        }

    assert await_that(waits)
    os.kill(os.getpid(), signal.SIGINT)


def test_workers_can_have_workers() -> None:
    with pool_of(1, "fork") as (pool, _):
        assert pool.submit(nested).result(BOUND) == 32


def nested() -> int:
    with pool_of(1, "fork") as (pool, _):
        return pool.submit(pow, 2, 5).result(BOUND)

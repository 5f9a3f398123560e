from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import labour
import pytest
from labour import BOUND, announced, await_that, is_alive
from programs import run_code, run_script
from server import suspend

from zensols.multi.engine.daskpool import DaskPool, make_cluster


def children() -> set[int]:
    return {child.pid or 0 for child in multiprocessing.active_children()}


@contextmanager
def pool_of(workers: int) -> Iterator[tuple[DaskPool, set[int]]]:
    before = children()
    pool = make_cluster(workers, ttl=600)
    try:
        yield pool, children() - before
    finally:
        pool.end(now=True)


def end_in_time(pool: DaskPool, *, now: bool) -> bool:
    """End a pool and return whether that took no longer than it may."""
    thread = threading.Thread(target=pool.end, kwargs={"now": now}, daemon=True)
    thread.start()
    thread.join(BOUND)
    return not thread.is_alive()


def test_end_waits_for_what_was_submitted(tmp_path: Path) -> None:
    file = tmp_path / "go on"
    with pool_of(1) as (pool, workers):
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
def test_end_now_kills(duty: str, tmp_path: Path) -> None:
    with pool_of(1) as (pool, workers):
        futures = [pool.submit(getattr(labour, duty), tmp_path) for _ in range(3)]
        assert await_that(lambda: announced(tmp_path))
        assert end_in_time(pool, now=True)
        assert not any(map(is_alive, workers))
        assert all(future.done() for future in futures)


def test_end_kills_what_has_no_work_and_does_not_leave() -> None:
    with pool_of(2) as (pool, workers):
        for worker in workers:
            suspend(worker)
        assert end_in_time(pool, now=False)
        assert not any(map(is_alive, workers))


def test_ended_pool_leaves_nothing(tmp_path: Path) -> None:
    """And says nothing, not even when a worker has died."""
    said = run_script(
        tmp_path,
        """
        import gc, multiprocessing, os, signal, sys, threading, warnings
        sys.path.insert(0, sys.argv[1])
        import labour
        from zensols.multi.engine import DaskEngine

        def work(number):
            if number == 7:
                os.kill(os.getpid(), signal.SIGKILL)
            return number

        def main():
            for now in (False, True):
                engine = DaskEngine(2)
                executor = engine.start()
                futures = [executor.submit(work, number) for number in range(10)]
                assert futures[7].exception()
                engine.stop(executor, now=now)
                del executor, futures
                gc.collect()
                print(multiprocessing.active_children(), labour.await_that(is_alone))

        def is_alone():
            names = {thread.name for thread in threading.enumerate()}
            # Dask's own, for the life of the program.
            return {name for name in names if "Offload" not in name} == {"MainThread"}

        if __name__ == "__main__":
            # With all that Python and Dask have to say.
            os.dup2(1, 2)
            warnings.simplefilter("always")
            main()
        """,
        str(Path(labour.__file__).parent),
    )
    assert said.split("\n") == ["[] True", "[] True"]


def test_error_names_the_extra() -> None:
    said = run_code(
        """
        import sys
        sys.modules["distributed"] = None
        from zensols.multi.engine import find_engine
        from zensols.multi.error import MultiProcessError
        for address in (None, "tcp://127.0.0.1:1"):
            try:
                find_engine("dask", address=address).start()
            except MultiProcessError as e:
                print(e)
        """
    )
    assert said.count("pip install 'zensols.persist[dask]'") == 2


def test_script_that_does_not_guard_its_work_is_told_to(tmp_path: Path) -> None:
    said = run_script(
        tmp_path,
        """
        from zensols.multi.engine import DaskEngine
        from zensols.multi.error import MultiProcessError

        try:
            DaskEngine(1).start()
        except MultiProcessError as e:
            print(e)
        """,
    )
    assert "under if __name__ == '__main__'" in said

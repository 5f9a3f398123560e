from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from pathlib import Path

import labour
import pytest
from labour import BOUND, announced, await_that, is_alive
from server import suspend
from server_dask import DaskCluster

from zensols.multi.engine import DaskEngine, find_engine
from zensols.multi.error import MultiProcessError
from zensols.persist.domain.reach import Reach

Start = Callable[[int], DaskCluster]


@contextmanager
def started(engine: DaskEngine) -> Iterator[Executor]:
    executor = engine.start()
    try:
        yield executor
    finally:
        engine.stop(executor, now=True)


def pids(executor: Executor, workers: int, folder: Path) -> set[int]:
    """The processes that work, each of which does so."""
    folder.mkdir()
    meetings = [executor.submit(labour.meet, folder, workers) for _ in range(workers)]
    return {meeting.result(BOUND) for meeting in meetings}


def test_works_in_processes_of_this_machine(tmp_path: Path) -> None:
    engine = DaskEngine(2)
    assert (engine.workers, engine.reach, engine.by_value) == (2, Reach.MACHINE, True)
    with started(engine) as executor:
        workers = pids(executor, 2, tmp_path / "met")
        assert len(workers - {os.getpid()}) == 2
        # Which its default takes for one piece of work.
        twice = [executor.submit(os.urandom, 8) for _ in range(2)]
        assert twice[0].result(BOUND) != twice[1].result(BOUND)
    assert not any(map(is_alive, workers))


def test_replaces_a_worker_that_died(tmp_path: Path) -> None:
    engine = DaskEngine(2)
    with started(engine) as executor:
        before = pids(executor, 2, tmp_path / "before")
        error = executor.submit(labour.die).exception(BOUND)
        assert error is not None
        assert engine.is_death(error)
        assert not engine.is_broken(error)
        after = pids(executor, 2, tmp_path / "after")
        assert len(before & after) == 1


def test_replaces_a_worker_that_does_not_react(tmp_path: Path) -> None:
    engine = DaskEngine(2, ttl=1)
    with started(engine) as executor:
        before = pids(executor, 2, tmp_path / "before")
        error = executor.submit(labour.freeze, tmp_path).exception(BOUND)
        assert error is not None
        assert engine.is_death(error)
        after = pids(executor, 2, tmp_path / "after")
        assert len(before & after) == 1
        assert await_that(lambda: not any(map(is_alive, before - after)))


def test_error_of_work_is_no_death() -> None:
    engine = DaskEngine(1)
    with started(engine) as executor:
        error = executor.submit(divmod, 1, 0).exception(BOUND)
        assert isinstance(error, ZeroDivisionError)
        assert not engine.is_death(error)
        assert not engine.is_broken(error)


def test_starts_again(tmp_path: Path) -> None:
    engine = DaskEngine(1)
    with started(engine) as executor:
        before = pids(executor, 1, tmp_path / "before")
    with started(engine) as executor:
        assert pids(executor, 1, tmp_path / "after") != before


def test_does_not_check_workers_of_this_machine() -> None:
    DaskEngine(1).check(labour.die)


def test_works_on_a_cluster_that_is_there(start_dask: Start, tmp_path: Path) -> None:
    cluster = start_dask(2)
    engine = find_engine(cluster.address)
    assert (engine.workers, engine.reach, engine.by_value) == (2, Reach.MACHINE, True)
    there = {worker.pid for worker in cluster.workers}
    for now in (True, False):
        executor = engine.start()
        assert pids(executor, 2, tmp_path / f"met-{now}") == there
        engine.stop(executor, now=now)
    assert all(map(is_alive, there))


def test_works_on_with_workers_that_die_or_do_not_react(
    start_dask: Start, tmp_path: Path
) -> None:
    cluster = start_dask(3)
    engine = DaskEngine(address=cluster.address)
    go_on = tmp_path / "go on"
    with started(engine) as executor:
        pids(executor, 3, tmp_path / "met")
        futures = [executor.submit(labour.wait_for_file, go_on) for _ in range(12)]
        cluster.workers[0].kill()
        cluster.workers[0].wait()
        suspend(cluster.workers[1].pid)
        go_on.touch()
        results = {future.result(BOUND) for future in futures}
    assert results == {cluster.workers[2].pid}


def test_stop_now_leaves_work_to_a_cluster_that_is_there(
    start_dask: Start, tmp_path: Path
) -> None:
    cluster = start_dask(1)
    engine = DaskEngine(address=cluster.address)
    folder = tmp_path / "announced"
    folder.mkdir()
    with started(engine) as executor:
        futures = [executor.submit(labour.spin, folder) for _ in range(3)]
        assert await_that(lambda: announced(folder))
    assert await_that(lambda: all(future.cancelled() for future in futures))
    assert is_alive(cluster.workers[0].pid)


def test_client_stays_open(start_dask: Start) -> None:
    from distributed import Client

    cluster = start_dask(1)
    with Client(cluster.address, set_as_default=False) as client:
        engine = find_engine(client)
        assert isinstance(engine, DaskEngine)
        assert (engine.workers, engine.reach) == (1, Reach.MACHINE)
        for now in (True, False):
            executor = engine.start()
            assert executor.submit(pow, 2, 5).result(BOUND) == 32
            engine.stop(executor, now=now)
        assert client.submit(pow, 3, 3).result(BOUND) == 27
    with pytest.raises(MultiProcessError, match="is closed: give another"):
        engine.start()


def test_cluster_without_workers_may_have_any(start_dask: Start) -> None:
    engine = DaskEngine(address=start_dask(0).address)
    assert (engine.workers, engine.reach) == (1, Reach.NETWORK)


def test_counts_workers_at_each_start(start_dask: Start) -> None:
    cluster = start_dask(1)
    engine = DaskEngine(address=cluster.address)
    assert engine.workers == 1
    cluster.add_worker()
    cluster.wait_for_workers(2)
    with started(engine):
        assert engine.workers == 2


def test_lost_scheduler_breaks_what_works_on_it(
    start_dask: Start, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = start_dask(1)
    engine = DaskEngine(address=cluster.address)
    executor = engine.start()
    future = executor.submit(labour.sleep, cluster.folder)
    cluster.kill()
    with pytest.raises(CancelledError) as caught:
        future.result(BOUND)
    assert engine.is_broken(caught.value)
    stopping = threading.Thread(
        target=engine.stop, args=(executor,), kwargs={"now": False}, daemon=True
    )
    stopping.start()
    stopping.join(BOUND)
    assert not stopping.is_alive()
    # The error has said so.
    names = [record.name for record in caplog.records]
    assert "distributed.client" not in names
    with pytest.raises(Exception, match="Client is closed") as raised:
        executor.submit(pow, 2, 5)
    assert engine.is_broken(raised.value)
    cluster.start()
    cluster.add_worker()
    cluster.wait_for_workers(1)
    with started(engine) as executor:
        assert executor.submit(pow, 2, 5).result(BOUND) == 32


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zensols.multi.engine.daskpool._TIMEOUT", 1.0)
    # Kept, so that nobody else can listen there.
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        engine = DaskEngine(address=address)
        with pytest.raises(MultiProcessError, match=f"{address} can't be reached"):
            engine.start()


def test_checks_each_worker(start_dask: Start, tmp_path: Path) -> None:
    cluster = start_dask(2)
    engine = DaskEngine(address=cluster.address)
    folder = tmp_path / "checked"
    folder.mkdir()
    engine.check(lambda: labour.announce(folder))
    assert set(announced(folder)) == {worker.pid for worker in cluster.workers}
    with pytest.raises(ZeroDivisionError):
        engine.check(lambda: 1 / 0)


def test_check_passes_over_workers_that_do_not_react(
    start_dask: Start, tmp_path: Path
) -> None:
    cluster = start_dask(2)
    engine = DaskEngine(address=cluster.address)
    os.kill(cluster.workers[0].pid, signal.SIGSTOP)
    folder = tmp_path / "checked"
    folder.mkdir()
    engine.check(lambda: labour.announce(folder))
    assert announced(folder) == [cluster.workers[1].pid]


def test_shows_where_it_works() -> None:
    assert repr(DaskEngine(2)) == "DaskEngine(workers=2)"
    assert repr(DaskEngine(address="tcp://127.0.0.1:1")) == (
        "DaskEngine(tcp://127.0.0.1:1)"
    )

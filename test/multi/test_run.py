"""Having workers do what is left to do, whatever happens to them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from chores import do, made, notes, times, workers_of
from labour import await_that, is_alive

from zensols.multi.batch import Batch
from zensols.multi.engine import (
    Engine,
    ExecutorEngine,
    ProcessesEngine,
    SerialEngine,
    ThreadsEngine,
)
from zensols.multi.error import (
    CannotTravelError,
    ItemTimeoutError,
    WorkerDiedError,
    WorkStoppedError,
)
from zensols.multi.feed import Feed
from zensols.multi.outcome import Outcome
from zensols.multi.policy import Retry
from zensols.multi.run import Run
from zensols.multi.sizing import Sizer


def work(folder: Path, items: list[Any]) -> Outcome:
    """What a worker does with a chunk."""
    outcome = Outcome()
    for place, item in enumerate(items):
        try:
            outcome.values.append(do(folder, item))
            outcome.keys.append(str(item))
        except ValueError as e:
            outcome.failures[place] = e
    return outcome


class Clock:
    """Goes on when the test says so, however busy the machine is."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("run", "batch"):
        monkeypatch.setattr(f"zensols.multi.{module}.monotonic", clock)
    return clock


class Job:
    """A run with what it needs, and what it has stored."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        items: Iterable[Any],
        *,
        size: int = 1,
        retry: Retry | None = None,
        deaths: int = 1,
        item_timeout: float | None = None,
        sizer: Sizer | None = None,
    ) -> None:
        self.folder = folder
        self.taken = 0
        self.stored: dict[str, Any] = {}
        self.futures: list[Future[Any]] = []
        self.on_submit: Callable[[Executor, Batch], object] | None = None
        sizer = sizer or Sizer(size, engine.workers)
        self.feed = Feed(self._counted(items), sizer)
        self.run = Run(
            engine,
            self.feed,
            sizer,
            self.submit,
            self.store,
            retry=retry or Retry(0),
            deaths=deaths,
            item_timeout=item_timeout,
        )

    def _counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.taken += 1
            yield item

    def submit(self, executor: Executor, chunk: Batch) -> Future[Any]:
        if self.on_submit is not None:
            self.on_submit(executor, chunk)
        future = executor.submit(work, self.folder, chunk.items)
        self.futures.append(future)
        return future

    def store(self, chunk: Batch, result: Outcome) -> Outcome:
        self.stored.update(zip(result.keys, result.values, strict=True))
        return result

    def finish(self) -> dict[str, Any]:
        for _ in self.run.execute():
            pass
        return self.stored

    def errors(self) -> dict[Any, type[BaseException]]:
        return {item: type(error) for item, error in self.run.failures}


ENGINES = [
    SerialEngine,
    lambda: ThreadsEngine(2),
    lambda: ProcessesEngine(1),
    lambda: ProcessesEngine(2),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_does_each_item_once(
    engine: Callable[[], Engine], size: int, tmp_path: Path
) -> None:
    job = Job(tmp_path, engine(), range(10), size=size)
    assert job.finish() == made(range(10))
    assert times(tmp_path) == dict.fromkeys(map(str, range(10)), 1)
    assert job.run.failures == []
    assert workers_of(tmp_path) <= {os.getpid()}


def test_does_nothing_if_there_is_nothing(tmp_path: Path) -> None:
    job = Job(tmp_path, ProcessesEngine(1), [])
    assert job.finish() == {}
    assert job.run.progress.state == "complete"


def test_tells_how_far_it_is(tmp_path: Path) -> None:
    job = Job(tmp_path, SerialEngine(), ["a", "fail:", "b"])
    assert job.run.progress.state == "running"
    done = []
    for outcome in job.run.execute():
        if outcome is not None:
            done.append((job.run.progress.done, job.run.progress.failed))
    assert done == [(1, 0), (1, 1), (2, 1)]
    progress = job.run.progress
    assert (progress.state, progress.total, progress.workers) == ("failed", None, 1)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_looks_no_further_ahead_than_its_workers_need(
    workers: int, tmp_path: Path
) -> None:
    job = Job(tmp_path, ThreadsEngine(workers), count(), size=5)
    ahead = 2 * workers if workers > 1 else 1
    most = 0
    for outcome in job.run.execute():
        # What is stored makes room.
        most = max(most, job.taken - 5 * ahead - len(job.stored))
        if outcome is not None and len(job.stored) >= 100:
            job.run.stop()
            break
    assert most <= 0
    assert job.taken <= len(job.stored) + 5 * ahead


@pytest.mark.parametrize("backoff", [0, 0.3])
def test_failed_item_is_tried_again(backoff: float, tmp_path: Path) -> None:
    retry = Retry(2, backoff)
    chores = ["a", "fail:2", "fail:3", "b"]
    job = Job(tmp_path, SerialEngine(), chores, size=2, retry=retry)
    assert job.finish() == made(["a", "fail:2", "b"])
    assert times(tmp_path) == {"a": 1, "b": 1, "fail:2": 3, "fail:3": 3}
    assert job.errors() == {"fail:3": ValueError}
    assert job.run.progress.done == 3


def test_others_are_done_while_a_failed_one_waits(clock: Clock, tmp_path: Path) -> None:
    # Seconds that nobody has to wait for but the failed one.
    job = Job(tmp_path, SerialEngine(), ["fail:1", *"abc"], retry=Retry(1, 0.5))
    for _ in job.run.execute():
        if len(job.stored) == 3:
            clock.now = 0.5
    assert [chore for chore, _ in notes(tmp_path)] == ["fail:1", *"abc", "fail:1"]


@pytest.mark.parametrize("deed", ["kill:", "exit:"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("size", [1, 8])
def test_item_that_kills_is_found(
    deed: str, workers: int, size: int, tmp_path: Path
) -> None:
    chores = [*map(str, range(11)), deed, *map(str, range(11, 20))]
    job = Job(tmp_path, ProcessesEngine(workers), chores, size=size)
    assert job.finish() == made(range(20))
    assert job.errors() == {deed: WorkerDiedError}
    (error,) = (error for _, error in job.run.failures)
    assert f"item {deed!r} died 2 times" in str(error)
    assert job.run.progress.failed == 1
    assert workers_of(tmp_path) == set()


def test_several_items_that_kill_are_found(tmp_path: Path) -> None:
    chores = ["kill:1", "a", "kill:2", "b", "kill:3", "c"]
    job = Job(tmp_path, ProcessesEngine(2), chores, size=3, deaths=0)
    assert job.finish() == made("abc")
    assert job.errors() == dict.fromkeys(
        ["kill:1", "kill:2", "kill:3"], WorkerDiedError
    )


@pytest.mark.parametrize("deaths", [0, 3])
def test_chunk_that_kills_is_tried_again_as_often_as_said(
    deaths: int, tmp_path: Path
) -> None:
    job = Job(tmp_path, ProcessesEngine(1), ["kill:"], deaths=deaths)
    job.finish()
    assert job.errors() == {"kill:": WorkerDiedError}
    assert times(tmp_path)["kill:"] == deaths + 1


def test_item_whose_worker_is_killed_once_is_done(tmp_path: Path) -> None:
    chores = [f"kill-once:{number}" for number in range(3)]
    job = Job(tmp_path, ProcessesEngine(2), [*chores, *"abcdef"])
    assert job.finish() == made([*chores, *"abcdef"])
    assert job.run.failures == []


def test_worker_is_killed_from_outside(tmp_path: Path) -> None:
    chores = ["await:go", *map(str, range(9))]
    job = Job(tmp_path, ProcessesEngine(2), chores)

    def kill() -> None:
        assert await_that(lambda: times(tmp_path)["await:go"])
        (victim,) = {pid for chore, pid in notes(tmp_path) if chore == "await:go"}
        os.kill(victim, signal.SIGKILL)
        assert await_that(lambda: times(tmp_path)["await:go"] > 1)
        (tmp_path / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    assert job.finish() == made(chores)
    assert job.run.failures == []
    killer.join()


def is_broken(executor: Executor) -> bool:
    try:
        executor.submit(os.getpid).result()
    except BrokenExecutor:
        return True
    return False


def test_idle_worker_is_killed(tmp_path: Path) -> None:
    job = Job(tmp_path, ProcessesEngine(2), map(str, range(6)), deaths=0)
    killed = []

    def kill(executor: Executor, chunk: Batch) -> None:
        if chunk.items == ["3"] and not killed:
            # Those before it are done, and nobody has this one.
            wait(job.futures)
            killed.append(executor.submit(os.getpid).result())
            os.kill(killed[0], signal.SIGKILL)
            assert await_that(lambda: not is_alive(killed[0]))
            # The other worker may do something before that is noticed.
            assert await_that(lambda: is_broken(executor))

    job.on_submit = kill
    assert job.finish() == made(range(6))
    assert job.run.failures == []
    assert killed


def test_is_stopped_by_another_thread(tmp_path: Path) -> None:
    job = Job(tmp_path, ProcessesEngine(2), count())
    steps = job.run.execute()
    next(steps)
    stopper = threading.Thread(target=job.run.stop)
    stopper.start()
    with pytest.raises(WorkStoppedError, match="what is done is kept"):
        for _ in steps:
            pass
    stopper.join()
    assert job.run.progress.state == "stopped"
    assert workers_of(tmp_path) == set()


def test_is_stopped_while_its_workers_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It doesn't have to look.
    monkeypatch.setattr("zensols.multi.run._TICK", 1000)
    job = Job(tmp_path, ProcessesEngine(2), ["sleep:", "a"])

    def stop() -> None:
        assert await_that(lambda: "a" in job.stored)
        job.run.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(WorkStoppedError):
        job.finish()
    stopper.join()
    assert workers_of(tmp_path) == set()


def test_what_waits_in_a_given_executor_is_cancelled(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        chores = ["a", "await:go", "b", "c"]
        job = Job(tmp_path, ExecutorEngine(executor, 2), chores)
        steps = job.run.execute()
        while "await:go" not in times(tmp_path):
            next(steps)
        job.run.stop()
        with pytest.raises(WorkStoppedError):
            list(steps)
        (tmp_path / "go").touch()
    assert times(tmp_path) == {"a": 1, "await:go": 1}


def test_what_was_finished_can_be_stored_when_it_was_stopped(tmp_path: Path) -> None:
    job = Job(tmp_path, ThreadsEngine(2), ["a", "b", "c"])
    steps = job.run.execute()
    for outcome in steps:
        if outcome is not None:
            break
    assert await_that(lambda: len(times(tmp_path)) == 3)
    steps.close()
    assert await_that(lambda: job.run.rescue() or len(job.stored) == 3)
    assert job.stored == made("abc")
    assert job.run.progress.done == 3


def test_what_storing_raises_ends_it(tmp_path: Path) -> None:
    def fail(*_: object) -> Outcome:
        raise OSError("disk full")

    job = Job(tmp_path, ProcessesEngine(2), ["a", *["sleep:"] * 9])
    job.run._store = fail
    with pytest.raises(OSError, match="disk full"):
        job.finish()
    assert job.run.progress.state == "stopped"
    assert workers_of(tmp_path) == set()


def test_what_taking_an_item_raises_ends_it(tmp_path: Path) -> None:
    def items() -> Iterator[str]:
        yield from "abc"
        raise ZeroDivisionError

    job = Job(tmp_path, ThreadsEngine(1), items())
    with pytest.raises(ZeroDivisionError):
        job.finish()
    assert job.stored == made("abc")


def test_what_no_item_is_to_blame_for_ends_it(tmp_path: Path) -> None:
    job = Job(tmp_path, ProcessesEngine(1), ["lock:", "a"])
    with pytest.raises(TypeError, match="pickle"):
        job.finish()


@pytest.mark.parametrize("size", [1, 4])
def test_item_that_takes_too_long_and_goes_on_is_killed(
    size: int, clock: Clock, tmp_path: Path
) -> None:
    chores = [*"abc", "hog:", *"defg"]
    job = Job(
        tmp_path, ProcessesEngine(2), chores, size=size, deaths=5, item_timeout=0.2
    )
    hung = 0
    for _ in job.run.execute():
        left = [future for future in job.futures if not future.done()]
        # Whose worker has begun it, so that no other is late.
        if len(left) == 1 and times(tmp_path)["hog:"] > hung:
            hung += 1
            clock.now += 60
    assert job.stored == made("abcdefg")
    assert job.errors() == {"hog:": ItemTimeoutError}
    assert "'hog:' took more than 0.2 seconds" in str(job.run.failures[0][1])
    if size == 1:
        # Among others, perhaps, and alone.
        assert times(tmp_path)["hog:"] <= 2


class Sizes(Sizer):
    """Makes chunks of given sizes."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(0, 2)
        self.sizes = list(sizes)

    def next(self, left: int | None) -> int:
        return self.sizes.pop(0) if self.sizes else 1


def test_chunk_that_waits_for_long_ones_is_not_late(
    clock: Clock, tmp_path: Path
) -> None:
    numbers = list(map(str, range(38)))
    chores = ["await:go", *numbers[:19], "await:too", *numbers[19:], "a", "b"]
    sizer = Sizes(20, 20, 1, 1)
    job = Job(tmp_path, ProcessesEngine(2), chores, item_timeout=10, sizer=sizer)
    looks = 0
    for _ in job.run.execute():
        if len(job.futures) == 4:
            # The first is late after 2 * 20 * 10 seconds and some, and one of the
            # last, if it had not to wait, after 2 * 10.
            clock.now = 400
            looks += 1
        if looks == 2:
            (tmp_path / "go").touch()
            (tmp_path / "too").touch()
    assert job.stored == made(chores)
    assert set(times(tmp_path).values()) == {1}


class Losing(ThreadPoolExecutor):
    """Loses what it has to do, once, as the client of a cluster does that loses its
    scheduler.

    """

    def __init__(self) -> None:
        super().__init__(1)
        self.lost = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if args and self.lost == 0:
            self.lost += 1
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future
        return super().submit(fn, *args, **kwargs)


class LosingEngine(ExecutorEngine):
    def is_broken(self, error: BaseException) -> bool:
        return isinstance(error, CancelledError)


def test_what_a_broken_executor_cancelled_is_done(tmp_path: Path) -> None:
    with Losing() as executor:
        job = Job(tmp_path, LosingEngine(executor, 1), "abc")
        assert job.finish() == made("abc")
    assert executor.lost == 1


def test_urgent_item_is_done_first(tmp_path: Path) -> None:
    job = Job(tmp_path, SerialEngine(), map(str, range(9)))
    job.run.hurry("7")
    job.finish()
    order = [chore for chore, _ in notes(tmp_path)]
    assert order == ["7", *"012345", "6", "8"]


def test_item_that_cannot_travel_costs_no_other(tmp_path: Path) -> None:
    job = Job(tmp_path, ProcessesEngine(2), [*"abc", "lock", *"de"], size=4)

    def refuse(executor: Executor, chunk: Batch) -> None:
        if "lock" in chunk.items:
            raise CannotTravelError("a lock")

    job.on_submit = refuse
    assert job.finish() == made("abcde")
    assert job.errors() == {"lock": CannotTravelError}
    assert set(times(tmp_path).values()) == {1}


def test_chunk_of_which_one_is_to_blame_is_tried_item_by_item(tmp_path: Path) -> None:
    job = Job(tmp_path, SerialEngine(), "abcd", size=3)
    chunks = []

    def store(chunk: Batch, result: Outcome) -> Outcome:
        chunks.append(chunk.items)
        if "b" in chunk.items:
            error = ValueError("b")
            if len(chunk.items) == 1:
                return Outcome(failures={0: error})
            return Outcome(unknown=error)
        return job.store(chunk, result)

    job.run._store = store
    assert job.finish() == made("acd")
    assert chunks == [["a", "b", "c"], ["a"], ["b"], ["c"], ["d"]]
    assert job.errors() == {"b": ValueError}
    assert job.run.progress.done == 3


def test_what_is_begun_is_not_begun_again_when_wanted(tmp_path: Path) -> None:
    job = Job(tmp_path, ThreadsEngine(2), ["await:go", "fail:", "a", "b"])
    steps = job.run.execute()
    while "fail:" not in job.errors():
        next(steps)
    for item in ("await:go", "fail:", "b"):
        job.run.hurry(item)
    (tmp_path / "go").touch()
    for _ in steps:
        pass
    assert set(times(tmp_path).values()) == {1}

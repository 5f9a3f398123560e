"""Working on a chunk, wherever that is."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from chores import Awkward, ChoreFactory, Chores, made, notes, times

from zensols.multi import (
    CannotTravelError,
    ChunkProcessor,
    ItemTimeoutError,
    MultiProcessError,
    MultiProcessFactoryStash,
    MultiProcessStash,
)
from zensols.multi.failure import make_failure
from zensols.multi.outcome import Outcome
from zensols.multi.parcel import Parcel
from zensols.multi.recipe import child_of
from zensols.multi.travel import pack, unpack
from zensols.multi.worker import Job, Worker, dump_each, work_remotely
from zensols.persist import (
    Deallocatable,
    DelegateStash,
    DictionaryStash,
    DirectoryStash,
    PersistableError,
    Stash,
)

# By a thread, since items with a time limit have the alarm signal to themselves.
pytestmark = pytest.mark.timeout(180, method="thread")


class Choosy(DelegateStash[Any]):
    """Doesn't take each value, and writes down how many it was given at once."""

    def __init__(self) -> None:
        super().__init__(DictionaryStash())
        self.sizes: list[int] = []

    def dump(self, name: str, inst: Any) -> None:
        if inst == "B":
            raise PersistableError("no B")
        super().dump(name, inst)

    def dump_many(self, items: Any) -> None:
        items = list(items)
        self.sizes.append(len(items))
        super().dump_many(items)


@pytest.fixture
def delegate() -> Stash[Any]:
    return DictionaryStash()


@pytest.fixture
def chores(delegate: Stash[Any], tmp_path: Path) -> Chores:
    return Chores(delegate, tmp_path, [])


def chunk(*items: Any) -> ChunkProcessor:
    return ChunkProcessor(None, None, 0, list(items))


def job(stash: MultiProcessStash[Any], **options: Any) -> Job:
    options = {"shared": True, "remote": False, **options}
    return Job("run", child_of(stash), **options)


def kinds(outcome: Outcome) -> dict[int, type[BaseException]]:
    return {place: type(error) for place, error in outcome.failures.items()}


def test_stores_what_items_make(chores: Chores, delegate: Stash[Any]) -> None:
    outcome = Worker(job(chores)).work(chunk(*"abc"), None)
    assert outcome.keys == ["a", "b", "c"]
    assert outcome.values == []
    assert outcome.failures == {}
    assert outcome.seconds > 0
    assert dict(delegate) == made("abc")
    # What the program has isn't touched.
    assert not chores.is_child


def test_hands_back_what_items_make(chores: Chores, delegate: Stash[Any]) -> None:
    outcome = Worker(job(chores, shared=False)).work(chunk(*"abc"), None)
    assert dict(zip(outcome.keys, outcome.values, strict=True)) == made("abc")
    assert len(delegate) == 0


def test_hands_back_pickled_what_goes_far(chores: Chores) -> None:
    outcome = Worker(job(chores, shared=False, remote=True)).work(chunk("a"), None)
    assert list(map(unpack, outcome.values)) == ["A"]


def test_same_stash_works_on_all_chunks(chores: Chores) -> None:
    begun = []

    class Counted(Chores):
        def _init_child(self, processor: ChunkProcessor) -> None:
            begun.append(processor.data)

    worker = Worker(job(Counted(DictionaryStash(), chores.folder, [])))
    worker.work(chunk("a"), None)
    worker.work(chunk("b"), None)
    assert begun == [["a"]]


def test_failing_items_do_not_cost_the_others(
    chores: Chores, delegate: Stash[Any], tmp_path: Path
) -> None:
    outcome = Worker(job(chores)).work(chunk("a", "fail:", "b", "silent:", "c"), None)
    assert dict(delegate) == made("abc")
    assert sorted(outcome.keys) == ["a", "b", "c"]
    assert {place: str(error) for place, error in outcome.failures.items()} == {
        1: "no luck at attempt 2",
        3: "silent",
    }
    assert times(tmp_path)["fail:"] == 2


def test_what_is_handed_back_is_there_once(chores: Chores) -> None:
    worker = Worker(job(chores, shared=False))
    outcome = worker.work(chunk("a", "fail:1", "fail:", "b"), None)
    assert outcome.keys == ["a", "fail:1", "b"]
    assert outcome.values == ["A", "FAIL:1", "B"]
    assert kinds(outcome) == {2: ValueError}


def test_keys_that_are_stored_are_not_made_again(tmp_path: Path) -> None:
    stash = MultiProcessFactoryStash(
        factory=ChoreFactory(tmp_path, []), delegate=DictionaryStash[Any]()
    )
    outcome = Worker(job(stash)).work(chunk("a", "b", "fail:", "c"), None)
    assert times(tmp_path) == {"a": 1, "b": 1, "c": 1, "fail:": 2}
    assert kinds(outcome) == {2: ValueError}


def test_failure_tells_its_item_and_its_place(chores: Chores) -> None:
    outcome = Worker(job(chores)).work(chunk("a", "fail:"), None)
    notes = outcome.failures[1].__notes__
    assert notes[0] == "Raised by item 'fail:'"
    assert "chores.py" in notes[1]
    assert "in _fail" in notes[1]


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("deed", ["cancel:7", "leave:"])
def test_what_is_no_exception_fails_its_item_too(
    deed: str, remote: bool, chores: Chores, delegate: Stash[Any]
) -> None:
    worker = Worker(job(chores, remote=remote))
    outcome = worker.work(chunk("a", deed, "b"), None)
    assert dict(delegate) == made("ab")
    if deed == "leave:":
        assert kinds(outcome) == {1: MultiProcessError}
        assert str(outcome.failures[1]) == "Item 'leave:' left the program with code 3"
    else:
        assert kinds(outcome) == {1: asyncio.CancelledError}
        assert outcome.failures[1].args == ("7",)


def test_user_interrupts_this_process(chores: Chores) -> None:
    with pytest.raises(KeyboardInterrupt):
        Worker(job(chores)).work(chunk("a", "interrupt:", "b"), None)


def test_no_user_interrupts_another_process(
    chores: Chores, delegate: Stash[Any]
) -> None:
    worker = Worker(job(chores, remote=True))
    outcome = worker.work(chunk("a", "interrupt:", "b"), None)
    assert kinds(outcome) == {1: KeyboardInterrupt}
    assert dict(delegate) == made("ab")


def test_awkward_exceptions_travel(chores: Chores) -> None:
    worker = Worker(job(chores, remote=True))
    outcome = worker.work(chunk("awkward:here", "silent:"), None)
    there: Outcome = pickle.loads(pickle.dumps(outcome))
    awkward, silent = there.failures[0], there.failures[1]
    assert isinstance(awkward, Awkward)
    assert (awkward.code, awkward.where) == (7, "here")
    assert str(awkward) == "7 in here"
    assert str(silent) == "silent"
    for error in (awkward, silent):
        assert error.__notes__ == outcome.failures[error is silent].__notes__


def test_value_that_cannot_travel_fails_its_item_only(chores: Chores) -> None:
    worker = Worker(job(chores, shared=False, remote=True))
    outcome = worker.work(chunk("a", "lock:", "b"), None)
    assert outcome.keys == ["a", "b"]
    assert kinds(outcome) == {1: CannotTravelError}
    assert "lock:" in str(outcome.failures[1])


def test_value_that_cannot_be_stored_fails_its_item_only(tmp_path: Path) -> None:
    delegate = Choosy()
    chores = Chores(delegate, tmp_path, [])
    outcome = Worker(job(chores)).work(chunk(*"abc"), None)
    assert dict(delegate) == made("ac")
    assert sorted(outcome.keys) == ["a", "c"]
    assert kinds(outcome) == {1: PersistableError}


def test_failure_says_what_else_was_not_stored(tmp_path: Path) -> None:
    class Two(Chores):
        def _process(self, chunk: list[Any]) -> Iterator[tuple[str, Any]]:
            yield "b", "B"
            raise ZeroDivisionError

    outcome = Worker(job(Two(Choosy(), tmp_path, []))).work(chunk("a"), None)
    assert kinds(outcome) == {0: ZeroDivisionError}
    notes = outcome.failures[0].__notes__
    assert "What came before could not be stored either: no B" in notes


def test_many_results_are_stored_at_once(tmp_path: Path) -> None:
    delegate = Choosy()
    Worker(job(Chores(delegate, tmp_path, []))).work(chunk(*range(250)), None)
    assert len(delegate) == 250
    assert max(delegate.sizes) <= 100
    assert len(delegate.sizes) < 250


def test_results_do_not_wait_for_a_slow_item(tmp_path: Path) -> None:
    delegate = Choosy()
    seen = []

    class Watched(Chores):
        def _process(self, chunk: list[Any]) -> Iterator[tuple[str, Any]]:
            yield "a", "A"
            yield from super()._process(["sleep:0.1"])
            seen.append(dict(delegate))
            yield "c", "C"

    Worker(job(Watched(delegate, tmp_path, []))).work(chunk("x"), None)
    assert "a" in seen[0]


def test_stored_values_are_deallocated(tmp_path: Path) -> None:
    freed = []

    class Freed(Deallocatable):
        def deallocate(self) -> None:
            freed.append(self)

    class Freeing(Chores):
        def _process(self, chunk: list[Any]) -> Iterator[tuple[str, Any]]:
            return ((item, Freed()) for item in chunk)

    delegate = DirectoryStash[Any](tmp_path / "items")
    Worker(job(Freeing(delegate, tmp_path, []))).work(chunk("a", "b"), None)
    assert len(freed) == 2


def test_failures_that_are_values_are_counted_once(tmp_path: Path) -> None:
    class Failing(Chores):
        def _process(self, chunk: list[Any]) -> Iterator[tuple[str, Any]]:
            for item in chunk:
                if item == "c":
                    raise ValueError(item)
                error = make_failure(ValueError(item), None, "test")
                yield item, error if item == "b" else "A"

    for shared in (False, True):
        stash = Failing(DictionaryStash(), tmp_path, [])
        worker = Worker(job(stash, shared=shared))
        assert worker.work(chunk("a", "b"), None).failed_values == 1
        assert worker.work(chunk("a", "b", "c"), None).failed_values == 1


@pytest.mark.parametrize("deed", ["sleep:", "spin:"])
def test_item_that_takes_too_long_is_interrupted(
    deed: str, chores: Chores, delegate: Stash[Any]
) -> None:
    worker = Worker(job(chores, item_timeout=1.0))
    outcome = worker.work(chunk("a", deed, "b"), None)
    assert dict(delegate) == made("ab")
    assert kinds(outcome) == {1: ItemTimeoutError}
    assert str(outcome.failures[1]) == f"Item {deed!r} took longer than 1 seconds"


def test_each_item_has_its_own_time(chores: Chores) -> None:
    items = [f"sleep:0.{number}" for number in range(20, 30)]
    outcome = Worker(job(chores, item_timeout=2.0)).work(chunk(*items), None)
    assert outcome.keys == items
    assert outcome.failures == {}
    assert outcome.seconds > 2.0


def test_random_numbers_are_those_of_the_chunk(chores: Chores) -> None:
    def throw(seed: int | None, *items: str) -> list[Any]:
        worker = Worker(job(chores, shared=False))
        return worker.work(chunk(*items), seed).values

    before = random.getstate()
    first = throw(7, "dice:1", "dice:2")
    assert random.getstate() == before
    assert first == throw(7, "dice:1", "dice:2")
    assert [seed for _, seed in first] == [7, 7]
    assert first[0][0] != first[1][0]
    assert first != throw(8, "dice:1", "dice:2")
    random.seed(1)
    left_alone = throw(None, "dice:3")
    random.seed(1)
    assert left_alone == [(random.random(), None)]


def test_records_are_handed_back(
    chores: Chores, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(job(chores, log_level=logging.INFO, remote=True))
    outcome = worker.work(chunk("log:this"), None)
    (record,) = outcome.records
    assert record.getMessage() == "doing this"
    assert record.argument == "this"
    assert caplog.records == []
    assert Worker(job(chores)).work(chunk("log:that"), None).records == []
    assert [record.getMessage() for record in caplog.records] == ["doing that"]


def test_what_can_be_stored_is() -> None:
    delegate = Choosy()
    stored, error = dump_each(delegate, list(made("abc").items()))
    assert stored == [("a", "A"), ("c", "C")]
    assert str(error) == "no B"
    assert dict(delegate) == dict(stored)
    assert dump_each(delegate, stored) == (stored, None)


def remote_job(
    stash: MultiProcessStash[Any], folder: Path | None, **options: Any
) -> Any:
    run = uuid4().hex
    packed = pack(child_of(stash), "stash", by_value=False)
    made = Job(run, packed, **{"shared": True, **options})
    parcel = Parcel.of(pickle.dumps(made), None if folder is None else str(folder))

    def work(*items: Any) -> Parcel:
        packed = pack(chunk(*items), "chunk", by_value=False)
        place = None if folder is None else str(folder)
        return work_remotely(run, parcel, Parcel.of(packed, place), None, place)

    return work


def test_works_in_a_process_that_knows_nothing_yet(tmp_path: Path) -> None:
    delegate = DirectoryStash[Any](tmp_path / "data")
    work = remote_job(Chores(delegate, tmp_path, []), None)
    outcomes = [pickle.loads(work(*items).open()) for items in ("ab", "c")]
    assert [outcome.keys for outcome in outcomes] == [["a", "b"], ["c"]]
    assert dict(delegate) == made("abc")
    assert notes(tmp_path) == [(item, os.getpid()) for item in "abc"]


def test_large_chunks_and_outcomes_travel_in_files(tmp_path: Path) -> None:
    folder = tmp_path / "parcels"
    folder.mkdir()
    chores = Chores(DictionaryStash(), tmp_path, [])
    work = remote_job(chores, folder, shared=False)
    item = "a" * 5000
    before = set(folder.iterdir())
    result = work(item)
    # The chunk stays, for another worker if this one dies.
    assert len(set(folder.iterdir()) - before) == 2
    assert len(pickle.dumps(result)) < 4096
    outcome = pickle.loads(result.open())
    assert list(map(unpack, outcome.values)) == [item.upper()]
    assert len(set(folder.iterdir()) - before) == 1

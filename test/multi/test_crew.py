"""Handing chunks to workers, and keeping what they make."""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from chores import Chores, Touchy, made, notes, times

from zensols.multi import (
    CannotTravelError,
    ChunkProcessor,
    ForeignKeyError,
    UnreachableDelegateError,
)
from zensols.multi.batch import Batch
from zensols.multi.crew import Crew
from zensols.multi.engine import (
    Engine,
    ExecutorEngine,
    ProcessesEngine,
    SerialEngine,
    ThreadsEngine,
)
from zensols.multi.feed import identify
from zensols.multi.manifest import Manifest
from zensols.multi.outcome import Outcome
from zensols.multi.travel import own_fingerprint
from zensols.persist import (
    DictionaryStash,
    DirectoryStash,
    MappingStash,
    Reach,
    Stash,
)


class Far(ExecutorEngine):
    """Has workers of which it isn't known where they are."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor, 2)
        self.checked: list[object] = []

    @property
    def reach(self) -> Reach:
        return Reach.NETWORK

    def check(self, probe: Any) -> None:
        self.checked.append(pickle.loads(pickle.dumps(probe))())


class Server(DirectoryStash[Any]):
    """A folder that all machines have."""

    @property
    def reach(self) -> Reach:
        return Reach.NETWORK


class Shop:
    """A crew, with what it works for."""

    def __init__(self, stash: Chores, engine: Engine) -> None:
        self.stash = stash
        self.engine = engine
        self.manifest = Manifest(DictionaryStash(), "")
        self.manifest.begin()
        self.stack = ExitStack()
        _stacks.append(self.stack)
        self.crew = Crew(stash, engine, self.manifest, self.stack)

    def work(self, *chunks: list[Any]) -> list[Outcome]:
        """What becomes of chunks."""
        batches = [batch(*items) for items in chunks]
        with started(self.engine) as executor:
            futures = [self.crew.submit(executor, each) for each in batches]
            return [
                self.crew.store(each, future.result())
                for each, future in zip(batches, futures, strict=True)
            ]

    def recorded(self) -> set[bytes]:
        return self.manifest.done(set(self.stash.delegate.keys()))


@contextmanager
def started(engine: Engine) -> Iterator[Executor]:
    executor = engine.start()
    try:
        yield executor
    finally:
        engine.stop(executor, now=True)


def batch(*items: Any) -> Batch:
    return Batch(list(items), list(map(identify, items)))


_stacks: list[ExitStack] = []


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go, of which none are left."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    while _stacks:
        _stacks.pop().close()
    assert list(folder.iterdir()) == []


@pytest.fixture(params=["directory", "dictionary"])
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Stash[Any]:
    if request.param == "dictionary":
        return DictionaryStash()
    return DirectoryStash(tmp_path / "data")


@pytest.fixture
def stash(delegate: Stash[Any], tmp_path: Path) -> Chores:
    return Chores(delegate, tmp_path, [])


ENGINES = [
    SerialEngine,
    lambda: ThreadsEngine(2),
    lambda: ProcessesEngine(2),
    lambda: ProcessesEngine(2, "spawn"),
]


@pytest.mark.parametrize("engine", ENGINES, ids=["serial", "threads", "fork", "spawn"])
def test_keeps_and_records_what_is_made(stash: Chores, engine: Any) -> None:
    shop = Shop(stash, engine())
    outcomes = shop.work(["a", "b"], ["c", "fail:", "d"])
    assert dict(stash.delegate) == made("abcd")
    assert shop.recorded() == set(map(identify, "abcd"))
    assert [sorted(outcome.keys) for outcome in outcomes] == [["a", "b"], ["c", "d"]]
    assert [list(outcome.failures) for outcome in outcomes] == [[], [1]]
    assert shop.manifest.missing(set()) == set("abcd")
    assert shop.work(["e"])[0].keys == ["e"]


def test_work_is_not_done_here(stash: Chores, tmp_path: Path) -> None:
    Shop(stash, ProcessesEngine(2)).work(["a"], ["b"])
    assert os.getpid() not in {pid for _, pid in notes(tmp_path)}


def test_nothing_is_recorded_of_what_only_failed(stash: Chores) -> None:
    shop = Shop(stash, SerialEngine())
    shop.work(["fail:"])
    assert list(shop.manifest.stash.keys()) == ["state"]


def test_what_makes_nothing_is_recorded(tmp_path: Path) -> None:
    class Idle(Chores):
        def _process(self, chunk: list[Any]) -> Iterator[tuple[str, Any]]:
            return iter(())

    shop = Shop(Idle(DictionaryStash(), tmp_path, []), SerialEngine())
    shop.work(["a"])
    assert shop.recorded() == {identify("a")}


@pytest.mark.parametrize("delegate", ["dictionary"], indirect=True)
@pytest.mark.parametrize("chore", ["touchy:", "lock:"])
def test_value_that_does_not_come_back_fails_its_item(
    stash: Chores, chore: str
) -> None:
    shop = Shop(stash, ProcessesEngine(1))
    (outcome,) = shop.work([chore])
    assert list(outcome.failures) == [0]
    assert outcome.failures[0].__notes__[0] == f"Raised by item {chore!r}"
    assert outcome.keys == []
    assert dict(stash.delegate) == {}
    assert shop.recorded() == set()


@pytest.mark.parametrize("delegate", ["dictionary"], indirect=True)
def test_value_that_does_not_come_back_costs_no_other(stash: Chores) -> None:
    shop = Shop(stash, ProcessesEngine(1))
    (outcome,) = shop.work(["a", "touchy:", "b"])
    # It isn't known whose it is.
    assert outcome.unknown is not None
    assert shop.recorded() == set()
    assert sorted(outcome.keys) == ["a", "b"]
    assert dict(stash.delegate) == made("ab")


def test_value_that_the_delegate_does_not_take_fails_its_item(tmp_path: Path) -> None:
    class Choosy(DictionaryStash[Any]):
        def dump(self, name: str, inst: Any) -> None:
            if name == "b":
                raise ValueError("no b")
            super().dump(name, inst)

    delegate = Choosy()
    shop = Shop(Chores(delegate, tmp_path, []), ProcessesEngine(1))
    mixed, alone = shop.work(["a", "b", "c"], ["b"])
    assert str(mixed.unknown) == str(alone.failures[0]) == "no b"
    assert dict(delegate) == made("ac")


def test_unreachable_delegate_is_an_error_before_any_work(tmp_path: Path) -> None:
    stash = Chores(DirectoryStash(tmp_path / "data"), tmp_path, ["a"])
    with ThreadPoolExecutor(2) as executor:
        with pytest.raises(UnreachableDelegateError, match="Chores") as caught:
            Shop(stash, Far(executor))
        assert str(tmp_path / "data") in str(caught.value)
    assert times(tmp_path) == {}


@pytest.mark.parametrize("kind", [Server, None])
def test_workers_anywhere_work(kind: Any, tmp_path: Path, scratch: Path) -> None:
    delegate = DictionaryStash[Any]() if kind is None else kind(tmp_path / "data")
    item = "a" * 100_000
    with ThreadPoolExecutor(1) as executor:
        engine = Far(executor)
        shop = Shop(Chores(delegate, tmp_path, []), engine)
        assert len(engine.checked) == 1
        shop.work([item])
    assert dict(delegate) == made([item])
    # No file is any use to them.
    assert list(scratch.iterdir()) == []


def test_workers_elsewhere_need_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_fingerprint()
    stash = Chores(Server(tmp_path / "data"), tmp_path, ["a"])

    class Elsewhere(Far):
        def check(self, probe: Any) -> None:
            key = tmp_path / "key"
            key.write_text("0" * 64)
            key.chmod(0o600)
            monkeypatch.setenv("ZENSOLS_PERSIST_KEY_FILE", str(key))
            probe()

    with ThreadPoolExecutor(1) as executor, pytest.raises(ForeignKeyError):
        Shop(stash, Elsewhere(executor))
    assert times(tmp_path) == {}


@pytest.mark.parametrize("delegate", ["directory"], indirect=True)
def test_what_cannot_travel_is_named_before_any_work(
    stash: Chores, tmp_path: Path
) -> None:
    stash.helper = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(CannotTravelError, match=r"Chores\.helper"):
        Shop(stash, ProcessesEngine(2))
    assert times(tmp_path) == {}
    # It needn't.
    Shop(stash, ThreadsEngine(2)).work(["a"])


def test_delegate_that_is_not_shared_does_not_travel(tmp_path: Path) -> None:
    delegate = MappingStash[Any]({"lock": threading.Lock()})
    shop = Shop(Chores(delegate, tmp_path, []), ProcessesEngine(1))
    shop.work(["a"])
    assert delegate.load("a") == "A"


@pytest.mark.parametrize("delegate", ["dictionary"], indirect=True)
def test_nothing_is_left_of_what_travelled(
    stash: Chores, scratch: Path, tmp_path: Path
) -> None:
    stash.ballast = bytes(10_000)  # type: ignore[attr-defined]
    shop = Shop(stash, ProcessesEngine(2))
    large = [f"{letter * 10_000}" for letter in "abc"]
    shop.work(*([item] for item in large))
    assert set(times(tmp_path)) == set(large)
    (folder,) = scratch.iterdir()
    # What all chunks have in common.
    assert len([path for path in folder.iterdir() if path.name != "lock"]) == 1
    assert folder.stat().st_mode & 0o77 == 0
    shop.stack.close()
    assert list(scratch.iterdir()) == []


class Keeping(ThreadPoolExecutor):
    """Has what it does done twice, as a cluster does that loses a worker."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        wait([super().submit(fn, *args, **kwargs)])
        return super().submit(fn, *args, **kwargs)


class Near(ExecutorEngine):
    @property
    def reach(self) -> Reach:
        return Reach.MACHINE


@pytest.mark.parametrize("delegate", ["directory"], indirect=True)
def test_chunk_can_be_done_by_another_worker(stash: Chores, tmp_path: Path) -> None:
    item = "a" * 10_000
    with Keeping(1) as executor:
        Shop(stash, Near(executor, 2)).work([item])
    assert times(tmp_path) == {item: 2}
    assert dict(stash.delegate) == made([item])


@pytest.mark.parametrize("engine", ENGINES[:3], ids=["serial", "threads", "fork"])
def test_what_workers_log_is_handled_here(
    engine: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(Chores(DictionaryStash(), tmp_path, []), engine())
    with caplog.at_level(logging.WARNING):
        shop.work(["log:this"], ["log:that"])
    records = [record for record in caplog.records if record.name == "chores"]
    found = sorted((r.getMessage(), r.argument) for r in records)
    assert found == [("doing that", "that"), ("doing this", "this")]
    assert all(record.process for record in records)


def test_level_of_a_logger_holds_in_workers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(Chores(DictionaryStash(), tmp_path, []), ProcessesEngine(1, "spawn"))
    with caplog.at_level(logging.ERROR, "chores"):
        shop.work(["log:this"])
    assert [record for record in caplog.records if record.name == "chores"] == []


@pytest.mark.parametrize("engine", [SerialEngine, lambda: ProcessesEngine(2)])
def test_random_numbers_depend_on_the_seed_and_the_chunk(
    engine: Any, tmp_path: Path
) -> None:
    def throw(seed: int) -> dict[str, Any]:
        stash = Chores(DictionaryStash(), tmp_path, [], seed=seed)
        Shop(stash, engine()).work(["dice:1"], ["dice:2"])
        return dict(stash.delegate)

    assert throw(1) == throw(1)
    assert throw(1) != throw(2)
    assert len(set(throw(1).values())) == 2


def test_threads_share_their_random_numbers(tmp_path: Path) -> None:
    stash = Chores(DictionaryStash(), tmp_path, [])
    Shop(stash, ThreadsEngine(2)).work(["dice:1"])
    assert stash.delegate.load("dice:1")[1] is None


def test_clients_make_their_own_chunks(tmp_path: Path) -> None:
    class Doubling(Chores):
        def _create_chunk_processor(self, chunk_id: int, data: Any) -> ChunkProcessor:
            return ChunkProcessor(
                None, None, chunk_id, [f"{chunk_id}{x}" for x in data]
            )

    stash = Doubling(DictionaryStash(), tmp_path, [])
    Shop(stash, SerialEngine()).work(["a"], ["b"])
    assert sorted(stash.delegate.keys()) == ["0a", "1b"]


def test_touchy_value_is_what_it_is_meant_to_be() -> None:
    with pytest.raises(ValueError, match="touchy"):
        pickle.loads(pickle.dumps(Touchy()))


def test_stash_whose_class_is_made_in_a_function_travels(tmp_path: Path) -> None:
    class Inner(Chores):
        pass

    stash = Inner(DictionaryStash(), tmp_path, [])
    Shop(stash, ProcessesEngine(1)).work(["a"])
    assert stash.delegate.load("a") == "A"

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import zensols.persist.stash
from zensols.persist.domain import PrimeableStash
from zensols.persist.error import APIError
from zensols.persist.stash import (
    CacheStash,
    DictionaryStash,
    DirectoryStash,
    OneShotFactoryStash,
)

ROOT = Path(zensols.persist.stash.__file__).parents[3]
PAIRS = [("a", 1), ("b", None)]


class Worker:
    """Counts how often it is called."""

    def __init__(self, *pairs: tuple[str, Any]) -> None:
        self.pairs = pairs
        self.runs = 0

    def __call__(self) -> Iterator[tuple[str, Any]]:
        self.runs += 1
        yield from self.pairs


def make(worker: Any, delegate: Any = None) -> OneShotFactoryStash[Any]:
    stash: OneShotFactoryStash[Any] = OneShotFactoryStash(
        DictionaryStash() if delegate is None else delegate
    )
    stash.worker = worker
    return stash


@pytest.mark.parametrize(
    "read",
    [
        lambda stash: stash["a"] == 1,
        lambda stash: stash.load("a") == 1,
        lambda stash: stash.get("a") == 1,
        lambda stash: "a" in stash,
        lambda stash: list(stash.keys()) == ["a", "b"],
        lambda stash: list(stash.values()) == [1, None],
        lambda stash: dict(stash) == dict(PAIRS),
        lambda stash: len(stash) == 2,
    ],
)
def test_first_read_runs_the_worker_once(read: Any) -> None:
    worker = Worker(*PAIRS)
    stash = make(worker)
    assert len(stash.delegate) == worker.runs == 0
    assert read(stash)
    assert read(stash)
    assert dict(stash.delegate) == dict(PAIRS)
    assert worker.runs == 1
    assert stash.has_data


def test_worker_is_not_run_where_there_is_data() -> None:
    worker = Worker(*PAIRS)
    assert dict(make(worker, DictionaryStash({"x": 1}))) == {"x": 1}
    assert worker.runs == 0


def test_prime_runs_the_worker() -> None:
    worker = Worker(*PAIRS)
    stash = make(worker)
    stash.prime()
    stash.prime()
    assert dict(stash.delegate) == dict(PAIRS)
    assert worker.runs == 1


def test_clear_lets_it_run_again() -> None:
    worker = Worker(*PAIRS)
    stash = make(worker)
    assert len(stash) == 2
    stash.clear()
    assert len(stash.delegate) == 0
    assert dict(stash) == dict(PAIRS)
    assert worker.runs == 2


def test_worker_may_be_the_pairs_a_property_or_a_method() -> None:
    class Property(OneShotFactoryStash[Any]):
        @property
        def worker(self) -> Any:
            return PAIRS

    class Method(OneShotFactoryStash[Any]):
        def worker(self) -> Any:
            return iter(PAIRS)

    class Attribute(OneShotFactoryStash[Any]):
        worker = PAIRS

    for stash in (
        make(PAIRS),
        make(iter(PAIRS)),
        Property(DictionaryStash()),
        Method(DictionaryStash()),
        Attribute(DictionaryStash()),
    ):
        assert dict(stash) == dict(PAIRS)


class CallablePairs(list[Any]):
    """Pairs that can be called for others."""

    def __call__(self) -> Any:
        return [("called", 1)]


@pytest.mark.parametrize(
    ("kind", "expected"), [("m", "called"), ("a", "iterated"), ("u", "called")]
)
def test_type_of_the_worker(kind: str, expected: str) -> None:
    class Typed(OneShotFactoryStash[Any]):
        def _get_worker_type(self) -> str:
            return kind

    stash = Typed(DictionaryStash())
    stash.worker = CallablePairs([("iterated", 1)])
    assert list(stash.keys()) == [expected]


def test_unknown_type_of_the_worker() -> None:
    class Typed(OneShotFactoryStash[Any]):
        def _get_worker_type(self) -> str:
            return "x"

    stash = Typed(DictionaryStash())
    stash.worker = PAIRS
    with pytest.raises(APIError, match="worker of Typed: 'x'; use 'm', 'a' or 'u'"):
        stash.load("a")


@pytest.mark.parametrize("delegate_attr", [True, False])
def test_missing_worker_is_named(delegate_attr: bool) -> None:
    stash: OneShotFactoryStash[Any] = OneShotFactoryStash(make(PAIRS))
    stash.delegate.worker = []
    stash.delegate_attr = delegate_attr
    with pytest.raises(AttributeError, match="OneShotFactoryStash has no worker"):
        stash.load("a")


@pytest.mark.parametrize("delegate", ["dictionary", "directory"])
@pytest.mark.parametrize("error", [ValueError("oops"), KeyboardInterrupt("oops")])
def test_f_failure_half_way_leaves_nothing(
    tmp_path: Path, delegate: str, error: BaseException
) -> None:
    store: Any = DictionaryStash()
    if delegate == "directory":
        store = DirectoryStash(tmp_path / "data")

    def fail() -> Iterator[tuple[str, Any]]:
        yield from PAIRS
        raise error

    for _ in range(2):
        with pytest.raises(type(error), match=r"^oops$"):
            make(fail, store).load("a")
        assert len(store) == 0
        assert set(os.listdir(tmp_path)) <= {"data"}
    assert dict(make(PAIRS, store)) == dict(PAIRS)


def test_failure_of_the_same_instance_is_tried_again() -> None:
    stash = make(lambda: iter([("a", 1), 3]))
    with pytest.raises(TypeError):
        stash.load("a")
    stash.worker = PAIRS
    assert dict(stash) == dict(PAIRS)


def test_value_that_can_not_be_stored(tmp_path: Path) -> None:
    store: DirectoryStash[Any] = DirectoryStash(tmp_path / "data")
    with pytest.raises(APIError, match="generator"):
        make([("a", 1), ("b", (i for i in ()))], store).load("a")
    assert len(store) == 0


def test_f_empty_result_is_not_made_again() -> None:
    worker = Worker()
    stash = make(worker)
    for _ in range(3):
        assert len(stash) == 0
        assert stash.load("a") is None
        assert "a" not in stash
    assert worker.runs == 1


def test_delegate_is_not_primed() -> None:
    @dataclass
    class Inner(PrimeableStash[Any], DictionaryStash[Any]):
        primed = 0

        def prime(self) -> None:
            self.primed += 1

    inner = Inner({"x": 1})
    stash = make(PAIRS, inner)
    stash.prime()
    primed = inner.primed
    stash.prime()
    assert inner.primed == primed


def test_worker_may_read_the_stash() -> None:
    stash: OneShotFactoryStash[Any] = make(None)

    def work() -> Iterator[tuple[str, Any]]:
        yield "a", 1
        yield "b", stash["a"] + len(stash)

    stash.worker = work
    stash.prime()
    assert dict(stash) == {"a": 1, "b": 2}


def test_threads_run_it_once_and_see_all_of_it() -> None:
    half_way, go_on = threading.Event(), threading.Event()

    def work() -> Iterator[tuple[str, Any]]:
        yield "a", 1
        half_way.set()
        go_on.wait(60)
        yield "b", 2

    store = DictionaryStash[Any]()
    stash = make(work, store)
    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(dict(stash)))
    first.start()
    assert half_way.wait(60)
    others = [
        threading.Thread(target=lambda s=s: found.append(dict(s)))
        for s in (stash, stash, make(work, store), make(work, store))
    ]
    for thread in others:
        thread.start()
    assert found == []
    go_on.set()
    for thread in (first, *others):
        thread.join()
    assert found == [{"a": 1, "b": 2}] * 5


CHILD = """
import sys
from pathlib import Path
from zensols.persist.stash import CacheStash, DirectoryStash, OneShotFactoryStash

folder = Path(sys.argv[1])

def work():
    with open(folder / "log.txt", "a") as f:
        f.write("run\\n")
    yield "a", 1
    yield "stale", 2
    print("half-way", flush=True)
    sys.stdin.readline()
    yield "b", None

stash = OneShotFactoryStash(CacheStash(DirectoryStash(folder / "data")))
stash.worker = work
print(sorted(stash.keys()), flush=True)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_f_what_a_killed_process_left_is_not_taken_for_all(tmp_path: Path) -> None:
    with start(tmp_path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half-way\n"
        child.kill()
    store: DirectoryStash[Any] = DirectoryStash(tmp_path / "data")
    assert set(store.keys()) == {"a", "stale"}
    worker = Worker(*PAIRS)
    assert dict(make(worker, store)) == dict(PAIRS)
    assert worker.runs == 1
    assert dict(make(worker, store)) == dict(PAIRS)
    assert worker.runs == 1
    assert sorted(os.listdir(tmp_path)) == ["data", "log.txt"]


def test_processes_run_it_once(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "half-way\n"
        with start(tmp_path) as second:
            for child in (first, second):
                assert child.stdin is not None
                child.stdin.write("\n")
                child.stdin.flush()
            for child in (first, second):
                assert child.stdout is not None
                assert child.stdout.readline() == "['a', 'b', 'stale']\n"
    assert (tmp_path / "log.txt").read_text() == "run\n"
    assert sorted(os.listdir(tmp_path)) == ["data", "log.txt"]


def test_stash_of_runs() -> None:
    store, runs = DictionaryStash[Any](), DictionaryStash[None]()
    stash: OneShotFactoryStash[Any] = OneShotFactoryStash(store, runs=runs)
    killed: dict[str, Any] = {}

    def work() -> Iterator[tuple[str, Any]]:
        yield "stale", 1
        killed.update(runs.data)
        yield from PAIRS

    stash.worker = work
    assert dict(stash) == {"stale": 1, **dict(PAIRS)}
    assert len(killed) == 1
    assert len(runs) == 0
    runs.data.update(killed)
    again: OneShotFactoryStash[Any] = OneShotFactoryStash(store, runs=runs)
    again.worker = [("c", 3)]
    assert dict(again) == {"c": 3}
    assert len(runs) == 0


def test_clients_add_fields() -> None:
    @dataclass
    class Sized(OneShotFactoryStash[int]):
        size: int

        def worker(self) -> Iterator[tuple[str, int]]:
            return ((str(i), i) for i in range(self.size))

    assert dict(Sized(DictionaryStash(), 2)) == {"0": 0, "1": 1}


def test_in_front_of_a_cache(tmp_path: Path) -> None:
    worker = Worker(*PAIRS)
    store: DirectoryStash[Any] = DirectoryStash(tmp_path / "data")
    assert dict(make(worker, CacheStash(store))) == dict(store) == dict(PAIRS)


def test_pickles() -> None:
    stash = make(PAIRS)
    assert pickle.loads(pickle.dumps(stash))["a"] == 1
    assert len(stash) == 2
    other = pickle.loads(pickle.dumps(stash))
    assert other == stash
    assert dict(other) == dict(PAIRS)

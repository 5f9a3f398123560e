"""Items that are read while others are made, by many at once."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from chores import ChoreFactory, Chores, made, notes, times, workers_of
from labour import await_that
from strands import in_thread, is_waiting, is_within

from zensols.multi import MultiProcessFactoryStash, WorkStoppedError
from zensols.multi.engine import ProcessesEngine
from zensols.persist import DictionaryStash, DirectoryStash, Stash

ITEMS = [str(number) for number in range(40)]


@pytest.fixture(params=["directory", "dictionary"])
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Stash[Any]:
    if request.param == "directory":
        return DirectoryStash(tmp_path / "data")
    return DictionaryStash()


class Counted:
    """An endless source, which counts how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> Iterator[int]:
        for number in count():
            self.taken += 1
            yield number


@pytest.mark.parametrize("engine", ["processes", "threads", "serial"])
def test_endless_source_is_taken_as_needed(
    engine: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    source = Counted()
    stash = Chores(delegate, tmp_path, source, workers=2, chunk_size=3, engine=engine)
    seen = {}
    for key, value in stash.as_completed():
        seen[key] = value
        if len(seen) == 60:
            break
    assert seen == made(seen)
    stash.close()
    # Four chunks are in the workers' hands.
    assert source.taken <= len(delegate) + 4 * 3
    assert workers_of(tmp_path) <= {os.getpid()}


def test_source_waits_for_a_slow_reader(tmp_path: Path) -> None:
    source = Counted()
    stash = Chores(DictionaryStash(), tmp_path, source, workers=2, chunk_size=500)
    reader = stash.as_completed()
    next(reader)
    # The reader has all that was told until then; 10,000 may wait for it, a chunk
    # told at once, and four chunks be in the workers' hands.
    assert await_that(lambda: source.taken > 10_000)
    most = 10_000 + 10_000 + 500 * (1 + 1 + 4)
    assert await_that(lambda: is_at_rest(source))
    assert source.taken <= most
    stash.close()
    with pytest.raises(WorkStoppedError):
        list(reader)


def is_at_rest(source: Counted) -> bool:
    """Whether nothing more is taken for a while."""
    before = source.taken
    return not await_that(lambda: source.taken != before, 1.0)


@pytest.mark.parametrize("engine", ["processes", "threads", "serial"])
def test_all_is_yielded_once_as_it_is_made(
    engine: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    first = Chores(delegate, tmp_path, [*ITEMS[:10], "fail:"], workers=1)
    with pytest.raises(ValueError, match="no luck"):
        first.prime()
    chores = [*ITEMS, "await:go"]
    stash = Chores(delegate, tmp_path, chores, workers=3, chunk_size=1, engine=engine)
    seen = []
    for key, value in stash.as_completed():
        assert value == key.upper()
        seen.append(key)
        if len(seen) == 30:
            (tmp_path / "go").touch()
    assert sorted(seen) == sorted(chores)
    assert dict(stash.as_completed()) == made(chores)


def test_what_fails_is_raised_when_all_is_read(
    delegate: Stash[Any], tmp_path: Path
) -> None:
    stash = Chores(delegate, tmp_path, [*ITEMS, "fail:"], workers=2)
    seen = {}
    with pytest.raises(ValueError, match="no luck"):
        for key, value in stash.as_completed():
            seen[key] = value
    assert seen == made(ITEMS)


@pytest.mark.parametrize("engine", ["processes", "serial"])
def test_reader_who_is_interrupted_stops_what_was_begun_for_it(
    engine: str, tmp_path: Path
) -> None:
    chores = ["a", "await:go", "b"]
    stash = Chores(DictionaryStash(), tmp_path, chores, workers=2, engine=engine)

    main = threading.main_thread()

    def interrupt() -> None:
        # Which is begun by a thread that the reader may yet be about to start.
        assert await_that(
            lambda: (
                "await:go" in times(tmp_path)
                and is_within(main, "_read")
                and is_waiting(main)
            )
        )
        os.kill(os.getpid(), signal.SIGINT)
        if engine == "serial":
            assert await_that(lambda: stash._life._filling._stopped)
            (tmp_path / "go").touch()

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        list(stash.as_completed())
    interrupter.join()
    assert stash.progress().state == "stopped"
    assert workers_of(tmp_path) <= {os.getpid()}
    (tmp_path / "go").touch()
    assert dict(stash.as_completed()) == made(chores)


def factory_stash(
    delegate: Stash[Any], folder: Path, keys: list[str], **options: Any
) -> MultiProcessFactoryStash[Any]:
    return MultiProcessFactoryStash(
        factory=ChoreFactory(folder, keys),
        delegate=delegate,
        show_progress=False,
        chunk_size=1,
        **options,
    )


@pytest.mark.parametrize("how", ["load", "get", "[]", "in"])
def test_key_that_is_asked_for_is_made_first(
    how: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    # The first is in the worker's hands until it is asked for, and nothing else gets
    # on before it is there.
    chores = ["await:asked", *ITEMS[:10], "await:go", *ITEMS[10:]]
    stash = factory_stash(delegate, tmp_path, chores, workers=1, engine="processes")
    stash.prime(wait=False)
    found: list[Any] = []

    def read() -> None:
        match how:
            case "load":
                found.append(stash.load("39"))
            case "get":
                found.append(stash.get("39"))
            case "[]":
                found.append(stash["39"])
            case "in":
                found.append("39" in stash and "39")

    assert await_that(lambda: "await:asked" in times(tmp_path))
    reader = in_thread(read)
    assert await_that(lambda: is_waiting(reader))
    (tmp_path / "asked").touch()
    reader.join()
    assert found == ["39"]
    assert not (tmp_path / "go").exists()
    assert [chore for chore, _ in notes(tmp_path)][:2] == ["await:asked", "39"]
    assert stash.progress().state == "running"
    (tmp_path / "go").touch()
    assert len(stash) == len(chores)
    assert set(times(tmp_path).values()) == {1}


def test_key_is_asked_for_before_anything_is_begun(
    delegate: Stash[Any], tmp_path: Path
) -> None:
    stash = factory_stash(delegate, tmp_path, ITEMS, workers=1)
    with stash.delegate.lock("zensols.multi prime"):
        stash.prime(wait=False)
        found: list[Any] = []
        reader = threading.Thread(target=lambda: found.append(stash["39"]))
        reader.start()
        life = stash._life
        assert await_that(lambda: life._filling is not None and life._filling._wanted)
    reader.join()
    assert found == ["39"]
    assert notes(tmp_path)[0][0] == "39"
    stash.prime()
    assert set(times(tmp_path).values()) == {1}


def test_absent_key_is_waited_for_but_not_made(tmp_path: Path) -> None:
    stash = factory_stash(DictionaryStash(), tmp_path, ITEMS, workers=2)
    stash.prime(wait=False)
    assert "kill:" not in stash
    assert stash.get("fail:") is None
    assert set(times(tmp_path)) == set(ITEMS)


@pytest.mark.parametrize("engine", ["processes", "threads"])
def test_many_threads_make_each_item_once(
    engine: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    stash = Chores(delegate, tmp_path, ITEMS, workers=2, engine=engine)
    together = threading.Barrier(16)
    seen: list[Any] = []

    def read(number: int) -> None:
        together.wait()
        key = str(number)
        match number % 4:
            case 0:
                seen.append(stash[key] == key)
            case 1:
                seen.append(key in stash)
            case 2:
                seen.append(dict(stash.as_completed()) == made(ITEMS))
            case 3:
                seen.append(len(stash) == len(ITEMS))

    readers = [threading.Thread(target=read, args=[n]) for n in range(16)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert seen == [True] * 16
    assert times(tmp_path) == dict.fromkeys(ITEMS, 1)


@pytest.mark.parametrize("factory", [False, True])
def test_many_programs_make_each_item_once(
    factory: bool, start: Any, tmp_path: Path
) -> None:
    programs = [
        start(chores=ITEMS, workers=2, act="together", factory=factory)
        for _ in range(8)
    ]
    for program in programs:
        program.wait_for("ready")
    for program in programs:
        program.go()
    for program in programs:
        assert program.finish()[-1] == f"keys {len(ITEMS)}"
        assert program.complaints() == ""
    assert times(tmp_path) == dict.fromkeys(ITEMS, 1)
    # Which only one has done; the others had no progress.
    told = [any("complete" in line for line in program.said) for program in programs]
    assert sum(told) == 1


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_records_of_workers_reach_handlers_here(
    method: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chores = [f"log:{number}" for number in range(10)]
    engine = ProcessesEngine(2, method)
    stash = Chores(DictionaryStash(), tmp_path, chores, engine=engine, chunk_size=3)
    with caplog.at_level(logging.WARNING):
        stash.prime()
    records = [record for record in caplog.records if record.name == "chores"]
    assert sorted(r.getMessage() for r in records) == [f"doing {n}" for n in range(10)]
    assert {record.argument for record in records} == set(map(str, range(10)))
    assert os.getpid() not in {record.process for record in records}


def test_random_numbers_are_reproducible(tmp_path: Path) -> None:
    def throw(workers: int, engine: str, seed: int) -> dict[str, Any]:
        chores = [f"dice:{number}" for number in range(12)]
        stash = Chores(
            DictionaryStash(),
            tmp_path,
            chores,
            workers=workers,
            engine=engine,
            chunk_size=3,
            seed=seed,
        )
        return dict(stash)

    first = throw(1, "serial", 5)
    assert throw(3, "processes", 5) == first
    assert len(set(first.values())) == 12
    assert len({seed for _, seed in first.values()}) == 4
    assert throw(3, "processes", 6) != first


def test_progress_is_told(tmp_path: Path) -> None:
    children = set(multiprocessing.active_children())
    chores = [*ITEMS, "await:go", "fail:"]
    stash = Chores(DictionaryStash(), tmp_path, chores, workers=2, chunk_size=1)
    assert stash.progress().state == "idle"
    stash.prime(wait=False)
    assert await_that(lambda: stash.progress().settled == len(chores) - 1)
    progress = stash.progress()
    assert (progress.state, progress.total, progress.failed) == ("running", 42, 1)
    (tmp_path / "go").touch()
    with pytest.raises(ValueError, match="no luck"):
        stash.prime()
    assert stash.progress().state == "failed"
    assert set(multiprocessing.active_children()) <= children

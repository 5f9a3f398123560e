"""Workers that die."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from chores import ChoreFactory, Chores, made, notes, times, workers_of
from labour import await_that

from zensols.multi import (
    MultiProcessError,
    MultiProcessFactoryStash,
    WorkerDiedError,
)
from zensols.multi.engine import ProcessesEngine
from zensols.persist import DictionaryStash, DirectoryStash, SqliteStash, Stash

OTHERS = [str(number) for number in range(15)]


@pytest.fixture(params=["directory", "sqlite", "dictionary"])
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stash[Any]]:
    if request.param == "directory":
        yield DirectoryStash(tmp_path / "data")
    elif request.param == "dictionary":
        yield DictionaryStash()
    else:
        with closing(SqliteStash[Any](tmp_path / "data.sqlite")) as stash:
            yield stash


def fill(stash: Any) -> None:
    """Prime it, and find that no worker is left."""
    try:
        stash.prime()
    finally:
        assert workers_of(stash.folder) == set()


@pytest.mark.parametrize(
    ("workers", "deed"),
    [
        (1, "kill:"),
        (2, "exit:"),
        pytest.param(1, "exit:", marks=pytest.mark.soak),
        pytest.param(2, "kill:", marks=pytest.mark.soak),
    ],
)
def test_item_that_kills_is_named_and_the_others_are_kept(
    workers: int, deed: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = [*OTHERS[:7], deed, *OTHERS[7:]]
    stash = Chores(delegate, tmp_path, chores, workers=workers, engine="processes")
    with pytest.raises(WorkerDiedError, match=f"item '{deed}' died 2 times"):
        fill(stash)
    assert dict(delegate) == made(OTHERS)
    before = times(tmp_path)
    again = Chores(delegate, tmp_path, chores, workers=workers, engine="processes")
    with pytest.raises(WorkerDiedError, match=f"item '{deed}' died 2 times"):
        fill(again)
    # Only that one was tried again.
    assert {c for c, n in times(tmp_path).items() if n != before[c]} == {deed}


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_item_that_kills_is_named_however_workers_are_started(
    method: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = [*OTHERS[:7], "kill:", *OTHERS[7:]]
    engine = ProcessesEngine(2, method)
    stash = Chores(
        delegate, tmp_path, chores, engine=engine, chunk_size=4, death_retries=0
    )
    with pytest.raises(WorkerDiedError, match="item 'kill:' died once"):
        fill(stash)
    assert dict(delegate) == made(OTHERS)


@pytest.mark.parametrize("engine", ["processes", "threads", "serial"])
def test_item_that_leaves_the_program_is_named(
    engine: str, delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = [*OTHERS[:7], "leave:", *OTHERS[7:]]
    stash = Chores(delegate, tmp_path, chores, workers=2, engine=engine)
    with pytest.raises(MultiProcessError, match="'leave:' left the program with code"):
        stash.prime()
    assert dict(delegate) == made(OTHERS)


def test_failures_by_death_are_collected(tmp_path: Path) -> None:
    delegate = DirectoryStash[Any](tmp_path / "data")
    stash = MultiProcessFactoryStash(
        factory=ChoreFactory(tmp_path, ["a", "kill:", "b"]),
        delegate=delegate,
        workers=2,
        on_failure="collect",
        show_progress=False,
    )
    assert sorted(stash.keys()) == ["a", "b", "kill:"]
    ((key, failure),) = stash.iterfails()
    assert key == "kill:"
    assert isinstance(failure.exception, WorkerDiedError)


@pytest.mark.parametrize("chunk_size", [0, 1, 5])
def test_worker_that_is_killed_once_costs_nothing(
    chunk_size: int, delegate: Stash[Any], tmp_path: Path
) -> None:
    chores = [f"kill-once:{number}" for number in range(4)] + OTHERS
    stash = Chores(delegate, tmp_path, chores, workers=2, chunk_size=chunk_size)
    fill(stash)
    assert dict(delegate) == made(chores)


def test_workers_are_killed_from_outside(delegate: Stash[Any], tmp_path: Path) -> None:
    killed: list[int] = []
    made_of: list[str] = []

    def chores() -> Iterator[str]:
        # There is work until the last is killed, however late that is.
        while len(killed) < 5 or len(made_of) < 100:
            made_of.append(f"sleep:0.02{len(made_of):06}")
            yield made_of[-1]

    # It may be the same chunk that is hit.
    stash = Chores(delegate, tmp_path, chores, workers=2, chunk_size=2, death_retries=5)

    def kill() -> None:
        while len(killed) < 5:
            seen = len(notes(tmp_path))
            assert await_that(lambda seen=seen: len(notes(tmp_path)) > seen + 3)
            victim = notes(tmp_path)[-1][1]
            # It may have gone by now, with another that was killed.
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

    killer = threading.Thread(target=kill)
    killer.start()
    fill(stash)
    killer.join()
    assert len(set(killed)) == 5
    assert dict(delegate) == made(made_of)


@pytest.mark.parametrize("chunk_size", [1, 3])
def test_workers_are_killed_while_they_return_something_large(
    chunk_size: int, tmp_path: Path
) -> None:
    # From before it is made to when it is long handed back.
    chores = [f"large:{number * 0.002}" for number in range(15)]
    delegate = DictionaryStash[Any]()
    # A worker may be killed when another chunk is already in its hands.
    stash = Chores(
        delegate,
        tmp_path,
        chores,
        workers=2,
        chunk_size=chunk_size,
        death_retries=len(chores),
    )
    fill(stash)
    assert sorted(delegate.keys()) == sorted(chores)
    assert {len(value) for value in delegate.values()} == {4 << 20}

"""How chunks are run where a client says how."""

from __future__ import annotations

import os
from abc import ABCMeta
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pytest
from shelves import (
    ChunkOfSome,
    Doubles,
    ExitingChunk,
    FailingChunk,
    Journal,
    LazyPool,
    PidChunk,
    what_a_loop_makes,
)

from zensols.multi import (
    ChunkProcessor,
    MultiProcessor,
    PoolMultiProcessor,
    SingleMultiProcessor,
)
from zensols.persist import DictionaryStash


def chunks(kind: type[ChunkProcessor], count: int = 4) -> list[ChunkProcessor]:
    return [kind(None, "words", number, [number]) for number in range(count)]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", [PoolMultiProcessor, SingleMultiProcessor])
def test_counts_are_those_of_the_chunks_in_order(
    kind: type[PoolMultiProcessor], workers: int
) -> None:
    counts = kind("words").invoke_work(workers, 1, iter(chunks(ChunkOfSome)))
    assert counts == [0, 1, 2, 3]
    assert kind("words").invoke_work(workers, 0, []) == []


def test_many_workers_are_processes() -> None:
    pids = PoolMultiProcessor("words").invoke_work(2, 1, chunks(PidChunk))
    assert os.getpid() not in pids


@pytest.mark.parametrize(
    ("kind", "workers"),
    [(PoolMultiProcessor, 1), (SingleMultiProcessor, 1), (SingleMultiProcessor, 8)],
)
def test_others_are_this_process(kind: type[PoolMultiProcessor], workers: int) -> None:
    pids = kind("words").invoke_work(workers, 1, chunks(PidChunk))
    assert set(pids) == {os.getpid()}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", [PoolMultiProcessor, SingleMultiProcessor, LazyPool])
def test_first_failure_is_raised(kind: type[PoolMultiProcessor], workers: int) -> None:
    with pytest.raises(LookupError) as caught:
        kind("words").invoke_work(workers, 1, chunks(FailingChunk))
    assert type(caught.value) is LookupError
    assert caught.value.args == ("chunk 1",)


def test_f_dying_child_hangs_nobody() -> None:
    with pytest.raises(BrokenExecutor):
        PoolMultiProcessor("words").invoke_work(2, 1, chunks(ExitingChunk))


@pytest.mark.parametrize(("workers", "has_pool"), [(1, False), (2, True)])
def test_hook_gets_the_pool(workers: int, has_pool: bool) -> None:
    class Hooked(PoolMultiProcessor):
        def _invoke_pool(
            self,
            pool: Executor | None,
            fn: Callable[[ChunkProcessor], int],
            data: Iterable[ChunkProcessor],
        ) -> Iterable[int]:
            assert (pool is not None) == has_pool
            assert fn is MultiProcessor._process_work
            return super()._invoke_pool(pool, fn, reversed(list(data)))

    counts = Hooked("words").invoke_work(workers, 1, chunks(ChunkOfSome))
    assert counts == [3, 2, 1, 0]


def test_work_is_the_chunk_s() -> None:
    calls: list[Any] = []

    class Own(MultiProcessor):
        def _invoke_work(self, *args: Any) -> list[int]:
            calls.append(args)
            return [args[-1](chunk) for chunk in args[2]]

    data = chunks(ChunkOfSome)
    assert Own("words").invoke_work(3, 7, data) == [0, 1, 2, 3]
    assert calls == [(3, 7, data, MultiProcessor._process_work)]


def test_shape_of_the_classes() -> None:
    assert type(MultiProcessor) is ABCMeta
    assert issubclass(SingleMultiProcessor, MultiProcessor)
    assert all(map(is_dataclass, (MultiProcessor, PoolMultiProcessor)))
    assert PoolMultiProcessor("words").name == "words"
    with pytest.raises(TypeError, match="abstract"):
        MultiProcessor("words")  # type: ignore[abstract]


@pytest.mark.parametrize("kind", [PoolMultiProcessor, SingleMultiProcessor, None])
@pytest.mark.parametrize("workers", [1, 2])
def test_stash_is_filled_by_each(
    kind: type[MultiProcessor] | None, workers: int, tmp_path: Path
) -> None:
    journal = Journal(tmp_path)
    stash = Doubles(
        DictionaryStash(), None, None, 1, workers, kind, folder=journal.folder
    )
    assert dict(stash) == what_a_loop_makes(stash.items)
    is_here = os.getpid() in {pid for pid, what in journal.lines() if what.isdigit()}
    assert is_here == (workers == 1 or kind is SingleMultiProcessor)

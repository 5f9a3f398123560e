"""How chunks are run where a client says how."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .chunk import ChunkProcessor

__all__ = ["MultiProcessor", "PoolMultiProcessor", "SingleMultiProcessor"]


@dataclass
class MultiProcessor(metaclass=ABCMeta):
    """Runs the chunks of a :class:`.MultiProcessStash`.

    The stash knows how to run them by itself, and does where its processor class is
    one of this module's.  Derive from this one only to run them in a way that no
    engine does: what such a class runs is neither retried nor recorded one by one.

    >>> SingleMultiProcessor("words").invoke_work(1, 0, [])
    []

    """

    name: str | None
    """What to call it in messages."""

    def invoke_work(
        self, workers: int, chunk_size: int, data: Iterable[ChunkProcessor]
    ) -> Sequence[int]:
        """Run chunks and return how many results each made.

        :param workers: how many work at the same time

        :param chunk_size: how many items a chunk has, or 0

        :param data: the chunks

        :raises Exception: what the first chunk that fails raises

        """
        return self._invoke_work(workers, chunk_size, data, self._process_work)

    @abstractmethod
    def _invoke_work(
        self,
        workers: int,
        chunk_size: int,
        data: Iterable[ChunkProcessor],
        fn: Callable[[ChunkProcessor], int],
    ) -> Sequence[int]:
        """Call a function with each chunk and return what it returns."""

    @staticmethod
    def _process_work(processor: ChunkProcessor) -> int:
        return processor.process()


@dataclass
class PoolMultiProcessor(MultiProcessor):
    """Runs chunks in processes of this machine, or in this one if one worker is
    asked for.

    >>> PoolMultiProcessor("words").invoke_work(1, 0, [])
    []

    """

    def _invoke_work(
        self,
        workers: int,
        chunk_size: int,
        data: Iterable[ChunkProcessor],
        fn: Callable[[ChunkProcessor], int],
    ) -> Sequence[int]:
        if workers == 1:
            return list(self._invoke_pool(None, fn, data))
        # Unlike multiprocessing.Pool, it notices that a process has died.
        with ProcessPoolExecutor(workers) as pool:
            # Its map returns an iterator, which is what raises if a chunk fails.
            return list(self._invoke_pool(pool, fn, data))

    def _invoke_pool(
        self,
        pool: Executor | None,
        fn: Callable[[ChunkProcessor], int],
        data: Iterable[ChunkProcessor],
    ) -> Iterable[int]:
        """Call a function with each chunk and return what it returns.

        :param pool: where to, or None for this process

        """
        return map(fn, data) if pool is None else pool.map(fn, data)


@dataclass
class SingleMultiProcessor(PoolMultiProcessor):
    """Runs chunks in this process, which a debugger can follow.

    >>> SingleMultiProcessor("words").invoke_work(8, 0, [])
    []

    """

    def _invoke_work(
        self,
        workers: int,
        chunk_size: int,
        data: Iterable[ChunkProcessor],
        fn: Callable[[ChunkProcessor], int],
    ) -> Sequence[int]:
        return list(self._invoke_pool(None, fn, data))

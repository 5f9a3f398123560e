"""Work in threads of this process."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import ClassVar

from zensols.persist.domain.reach import Reach

from .base import Engine

__all__ = ["ThreadsEngine"]


class ThreadsEngine(Engine):
    """Works in threads: for what waits, as for the network, or leaves Python.

    A thread can't be killed.  One that is told to stop now, goes on with its piece of
    work, and nobody but the end of the program waits for that.

    >>> engine = ThreadsEngine(4)
    >>> executor = engine.start()
    >>> list(executor.map(abs, [-1, -2]))
    [1, 2]
    >>> engine.stop(executor, now=False)

    """

    name: ClassVar[str] = "threads"
    reach = Reach.PROCESS

    def start(self) -> Executor:
        return ThreadPoolExecutor(self.workers, thread_name_prefix="zensols-multi")

    def stop(self, executor: Executor, *, now: bool) -> None:
        executor.shutdown(wait=not now, cancel_futures=now)

"""A process pool that can be killed, and of which nothing is left."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from copy import copy
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, Final, ParamSpec, TypeVar

from .deadline import deadline
from .settling import settle

__all__ = ["ProcessPool"]

P = ParamSpec("P")
T = TypeVar("T")

_GRACE: Final = 5.0
"""How many seconds workers without work have to leave before they are killed."""


class ProcessPool(ProcessPoolExecutor):
    """The process pool of the standard library, all of whose processes run from the
    start, and are known, so that they can be killed.

    If one dies, so do the others, even those that don't react any more; the standard
    library would wait for them for ever.

    Safe to use by many threads.

    """

    def __init__(self, workers: int, start_method: str) -> None:
        """
        :param workers: how many processes

        :param start_method: how :mod:`multiprocessing` starts them

        """
        context = multiprocessing.get_context(start_method)
        self._crew: list[BaseProcess] = []
        self._unfinished: set[Future[Any]] = set()
        gate = context.Semaphore(0)
        super().__init__(
            workers,
            mp_context=_recording(context, self._crew),
            initializer=settle,
            initargs=(os.getpid(), gate),
        )
        try:
            with _undisturbed(start_method):
                # None gets through before there is one for each, so the pool starts
                # them all.  Had it to start one later, its death might not be
                # noticed, or it be forked while threads run.
                present = [self.submit(os.getpid) for _ in range(workers)]
            for _ in range(workers):
                gate.release()
            for future in present:
                future.result()
        except BaseException:
            self.end(now=True)
            raise

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        self._unfinished.add(future)
        future.add_done_callback(self._note_end)
        return future

    def _note_end(self, future: Future[Any]) -> None:
        self._unfinished.discard(future)
        if not future.cancelled() and isinstance(future.exception(), BrokenExecutor):
            self._kill_crew()

    def end(self, *, now: bool) -> None:
        """End the processes and wait until they are gone.

        :param now: whether to kill them rather than wait for what was submitted

        """
        self._free()
        try:
            if now:
                self._kill_crew()
            else:
                wait(list(self._unfinished))
            with deadline(_GRACE, self._kill_crew):
                self.shutdown(cancel_futures=True)
        except BaseException:
            self._kill_crew()
            raise
        for process in self._crew:
            if process.pid is not None:
                process.join()

    def _free(self) -> None:
        """Free what this thread has when it was interrupted while it began to wait,
        or the executor's own thread would wait for it.

        """
        for future in list(self._unfinished):
            condition: Any = future._condition
            while condition._is_owned():
                condition.release()

    def _kill_crew(self) -> None:
        for process in self._crew:
            if process.pid is not None:
                process.kill()


def _recording(context: BaseContext, made: list[BaseProcess]) -> BaseContext:
    """Return a context that adds the processes it makes to a list."""

    def make(*args: Any, **kwargs: Any) -> BaseProcess:
        process: BaseProcess = context.Process(*args, **kwargs)  # type: ignore[attr-defined]
        made.append(process)
        return process

    recording = copy(context)
    recording.Process = make  # type: ignore[attr-defined]
    return recording


@contextmanager
def _undisturbed(start_method: str) -> Iterator[None]:
    """Have processes that are started here not notice Ctrl-C until they have seen to
    that themselves.

    """
    if start_method == "forkserver":
        # Whose processes are its own, while it might begin here, and keep it.
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

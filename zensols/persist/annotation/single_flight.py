"""One computation for all that await it."""

from __future__ import annotations

import os
from asyncio import (
    CancelledError,
    Task,
    current_task,
    get_running_loop,
    shield,
    wrap_future,
)
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .lock import locked

if TYPE_CHECKING:
    from .memory import WorkMemory
    from .shared import SharedValue

__all__ = ["Flight", "fly", "is_inside"]

_inside: ContextVar[frozenset[Flight]] = ContextVar("_inside", default=frozenset())


class Flight:
    """A computation under way.  It runs as a task of its own, so that it goes on
    when whoever asked for it first is cancelled, and ends when all that wait for
    it are.

    """

    def __init__(
        self,
        holder: WorkMemory | SharedValue,
        compute: Callable[[], Coroutine[Any, Any, Any]],
    ) -> None:
        """
        :param holder: what is computed; hold its lock

        :param compute: called in a task of the running event loop

        """
        holder.flight = self
        self._holder = holder
        self._abandoned = False
        self._loop = get_running_loop()
        self._pid = os.getpid()
        self._waiting = 0
        self._result: Future[Any] = Future()
        self._task: Task[Any] = self._loop.create_task(self._run(compute))
        self._task.add_done_callback(self._land)

    async def _run(self, compute: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        _inside.set(_inside.get() | {self})
        return await compute()

    def _land(self, task: Task[Any]) -> None:
        with locked(self._holder):
            if self._holder.flight is self:
                self._holder.flight = None
        if task.cancelled():
            self._result.cancel()
            return
        error = task.exception()
        if error is None:
            self._result.set_result(task.result())
        else:
            self._result.set_exception(error)

    @property
    def is_over(self) -> bool:
        """Whether it is of no use to wait for the result."""
        return (
            self._abandoned
            or self._result.done()
            or self._pid != os.getpid()
            or self._loop.is_closed()
        )

    def board(self) -> None:
        """Count one more that waits.  Hold the lock of what is computed."""
        self._waiting += 1

    async def wait(self) -> Any:
        """Return the result, after :meth:`board`.

        :raises CancelledError: if the computation or this task was cancelled

        """
        try:
            return await shield(wrap_future(self._result))
        finally:
            with locked(self._holder):
                self._waiting -= 1
                if not self._waiting and not self._result.done():
                    self._abandon()

    def _abandon(self) -> None:
        self._abandoned = True
        if self._loop is get_running_loop():
            self._task.cancel()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    @property
    def was_lost(self) -> bool:
        """Whether it was cancelled because its event loop ended, and not by what
        is computed.

        """
        return self._result.cancelled() and self._loop is not get_running_loop()


def is_inside(holder: WorkMemory | SharedValue) -> bool:
    """Return whether the running task is part of the computation, so that it
    must not wait for it.

    :param holder: what is computed

    """
    return holder.flight in _inside.get()


async def fly(
    holder: WorkMemory | SharedValue,
    compute: Callable[[], Coroutine[Any, Any, Any]],
) -> Any:
    """Return the result of the computation under way, starting one if there is
    none.  Event loops may take turns, also in several threads.

    :param holder: what is computed

    :param compute: computes it

    """
    while True:
        with locked(holder):
            flight = holder.flight
            if flight is None or flight.is_over:
                flight = Flight(holder, compute)
            flight.board()
        try:
            return await flight.wait()
        except CancelledError:
            task = current_task()
            if not flight.was_lost or (task is not None and task.cancelling()):
                raise

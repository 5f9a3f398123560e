"""Work with somebody else's executor."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import (
    Executor,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import ClassVar

from zensols.persist.domain.reach import Reach

from ..error import MultiProcessError
from .base import Engine
from .main_module import is_main_importable
from .serial import SerialExecutor

__all__ = ["ExecutorEngine"]


class ExecutorEngine(Engine):
    """Works with any executor, such as those of loky, mpi4py or executorlib.

    It is not shut down here, and its workers are not killed.  If it breaks, that is
    the end of it; where there is something that can make another one, give that.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as executor:
    ...     engine = ExecutorEngine(executor, 2)
    ...     engine.start() is executor
    True
    >>> engine.reach.name
    'PROCESS'

    """

    name: ClassVar[str] = "executor"

    def __init__(
        self, executor: Executor | Callable[[], Executor], workers: int
    ) -> None:
        """
        :param executor: the executor, or what returns one that works, called at each
                         start, such as ``loky.get_reusable_executor``

        :param workers: how many workers it has

        """
        super().__init__(workers)
        self._given = executor
        self._last: Executor | None = None

    @property
    def reach(self) -> Reach:
        executor = self._any()
        if isinstance(executor, ThreadPoolExecutor | SerialExecutor):
            return Reach.PROCESS
        if isinstance(executor, ProcessPoolExecutor) or _is_loky(executor):
            return Reach.MACHINE
        return Reach.NETWORK

    @property
    def by_value(self) -> bool:
        executor = self._any()
        if isinstance(executor, ProcessPoolExecutor):
            return not is_main_importable()
        return self.reach is not Reach.PROCESS

    def _any(self) -> Executor:
        """Return the executor, or the last that was made, which is of its kind."""
        if self._last is None:
            self._last = self._find()
        return self._last

    def _find(self) -> Executor:
        return self._given if isinstance(self._given, Executor) else self._given()

    def start(self) -> Executor:
        self._last = executor = self._find()
        try:
            executor.submit(os.getpid)
        except RuntimeError as e:
            raise MultiProcessError(
                f"The executor {executor!r} takes no work any more: {e}; give one that "
                f"works, or a function that returns one, such as "
                f"loky.get_reusable_executor"
            ) from e
        return executor

    def stop(self, executor: Executor, *, now: bool) -> None:
        """Leave the executor to its owner."""

    def __repr__(self) -> str:
        kind = type(self._any()).__name__
        return f"{type(self).__name__}({kind}, workers={self.workers})"


def _is_loky(executor: Executor) -> bool:
    """Return whether it is loky's, wherever that is from: joblib has a copy."""
    return any("loky" in kind.__module__.split(".") for kind in type(executor).__mro__)

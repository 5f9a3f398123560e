"""Work in the thread that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ClassVar, ParamSpec, TypeVar

from zensols.persist.domain.reach import Reach

from .base import Engine

__all__ = ["SerialEngine", "SerialExecutor"]

P = ParamSpec("P")
T = TypeVar("T")


class SerialExecutor(Executor):
    """Does what is submitted before it returns.

    Ctrl-C interrupts the work and the submission.

    >>> SerialExecutor().submit(pow, 2, 5)  # doctest: +ELLIPSIS
    <Future at ... state=finished returned int>

    """

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Call a function.

        :param fn: what to call

        :param args: its arguments

        :param kwargs: its keyword arguments

        :raises KeyboardInterrupt: if the user interrupts it

        """
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except KeyboardInterrupt:
            raise
        except BaseException as e:  # noqa: BLE001  as other executors do
            future.set_exception(e)
        return future


class SerialEngine(Engine):
    """Works in the thread that asks for it: to debug, or where there is nothing to
    gain by more.

    >>> engine = SerialEngine()
    >>> engine.start().submit(pow, 2, 5).result()
    32

    """

    name: ClassVar[str] = "serial"
    reach = Reach.PROCESS

    def __init__(self) -> None:
        super().__init__(1)

    def start(self) -> Executor:
        return SerialExecutor()

    def stop(self, executor: Executor, *, now: bool) -> None:
        executor.shutdown()

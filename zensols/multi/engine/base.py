"""Where work is done, as what does the work sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor
from typing import ClassVar

from zensols.persist.domain.reach import Reach

__all__ = ["Engine"]


class Engine(ABC):
    """Gives executors of :mod:`concurrent.futures`: how many workers, of what kind,
    and where.

    Safe to use by many threads.

    >>> from zensols.multi.engine import ThreadsEngine
    >>> engine = ThreadsEngine(2)
    >>> engine
    ThreadsEngine(workers=2)
    >>> executor = engine.start()
    >>> executor.submit(pow, 2, 5).result()
    32
    >>> engine.stop(executor, now=False)

    """

    name: ClassVar[str]
    """What it is called in :func:`find_engine`."""

    def __init__(self, workers: int) -> None:
        """
        :param workers: how many work at once

        """
        self._workers = workers

    @property
    def workers(self) -> int:
        """How many work at once."""
        return self._workers

    @property
    @abstractmethod
    def reach(self) -> Reach:
        """How far away the workers are: :attr:`.Reach.PROCESS` if they are threads
        of this process, :attr:`.Reach.MACHINE` if processes of this machine.

        """

    @property
    def by_value(self) -> bool:
        """Whether workers can't import what the program defines in ``__main__``, so
        that it has to be sent to them.

        """
        return False

    @abstractmethod
    def start(self) -> Executor:
        """Return an executor whose workers run already.  It is to be given back to
        :meth:`stop`.

        :raises MultiProcessError: if there can't be any

        """

    @abstractmethod
    def stop(self, executor: Executor, *, now: bool) -> None:
        """Give an executor back, and return when its workers are gone.

        :param executor: what :meth:`start` returned

        :param now: whether to kill what works instead of waiting for the end of all
                    that has been submitted

        """

    def is_broken(self, error: BaseException) -> bool:
        """Return whether an executor can't be used any more: none of its futures
        will have a result, and another one has to be started.

        :param error: what a future or a submission raised, including
                      :class:`concurrent.futures.CancelledError` for a future that
                      was cancelled

        """
        return isinstance(error, BrokenExecutor)

    def is_death(self, error: BaseException) -> bool:
        """Return whether the worker has died of or with a piece of work, or if that
        is not known, some other one has.

        :param error: as in :meth:`is_broken`

        """
        return self.is_broken(error)

    # Nothing to do for most, whose workers are here.
    def check(self, probe: Callable[[], object]) -> None:  # noqa: B027
        """Call something on each worker, if they may be on other machines.

        :param probe: called without arguments; what it raises is raised here

        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workers={self.workers})"

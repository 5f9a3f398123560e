"""Work in processes of this machine."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import BrokenExecutor, Executor
from typing import ClassVar, cast

from zensols.persist.domain.reach import Reach

from ..error import MultiProcessError
from .base import Engine
from .main_module import is_main_importable
from .pool import ProcessPool

__all__ = ["ProcessesEngine"]


class ProcessesEngine(Engine):
    """Works in processes of this machine, the standard library's process pool.

    They leave Ctrl-C to this process, handle other signals as a new process does,
    and end within half a second of this one's death, however it dies.

    >>> engine = ProcessesEngine(2)
    >>> executor = engine.start()
    >>> executor.submit(pow, 2, 5).result()
    32
    >>> engine.stop(executor, now=True)

    """

    name: ClassVar[str] = "processes"
    reach = Reach.MACHINE

    def __init__(self, workers: int, start_method: str | None = None) -> None:
        """
        :param workers: how many processes

        :param start_method: ``fork``, ``spawn`` or ``forkserver``, as far as the
                             platform has it; by default, the one that
                             :mod:`multiprocessing` uses

        :raises MultiProcessError: if there is no such method

        """
        super().__init__(workers)
        methods = multiprocessing.get_all_start_methods()
        if start_method is not None and start_method not in methods:
            raise MultiProcessError(
                f"There is no start method {start_method!r} on this platform: use "
                f"one of {', '.join(methods)}"
            )
        self._start_method = start_method

    @property
    def start_method(self) -> str:
        """How processes are started."""
        # Asked without allow_none, it would be settled for the whole program.
        method: str = (
            self._start_method
            or multiprocessing.get_start_method(allow_none=True)
            or multiprocessing.get_all_start_methods()[0]
        )
        return method

    @property
    def by_value(self) -> bool:
        return self.start_method != "fork" and not is_main_importable()

    def start(self) -> Executor:
        method = self.start_method
        try:
            return ProcessPool(self.workers, method)
        except BrokenExecutor as e:
            hint = (
                ""
                if method == "fork"
                else " (started by 'spawn' or 'forkserver', they first run the main "
                "script again, so it has to do its work under if __name__ == "
                "'__main__')"
            )
            raise MultiProcessError(
                f"The processes of {self!r} died before there was any work: see what "
                f"they wrote on standard error{hint}"
            ) from e
        except OSError as e:
            raise MultiProcessError(
                f"Can't start the processes of {self!r}: {e}; try fewer workers"
            ) from e

    def stop(self, executor: Executor, *, now: bool) -> None:
        cast(ProcessPool, executor).end(now=now)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workers={self.workers}, "
            f"start_method={self.start_method!r})"
        )

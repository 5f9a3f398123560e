"""Work on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final, cast

from zensols.persist.domain.reach import Reach

from ..error import MultiProcessError
from .base import Engine
from .daskpool import DaskPool, connect, make_cluster
from .hosts import is_here

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["DaskEngine"]

_TTL: Final = 30.0


class DaskEngine(Engine):
    """Works on a Dask cluster: one of processes of this machine, which lasts from
    start to stop, or one that is there already, with all the workers that it has.

    The former notices at once when a process dies, and after some time when it
    doesn't react any more, and replaces it.  Other users of the machine can reach
    it, and have it run what they like.

    Of the latter, its own settings decide about that, and how often it tries a piece
    of work again.  Its workers are never killed: one that is told to stop now
    finishes what it is at.

    >>> engine = DaskEngine(2)
    >>> executor = engine.start()
    >>> executor.submit(pow, 2, 5).result()
    32
    >>> engine.stop(executor, now=True)

    """

    name: ClassVar[str] = "dask"
    by_value = True

    def __init__(
        self,
        workers: int = 1,
        address: str | Client | None = None,
        *,
        ttl: float = _TTL,
    ) -> None:
        """
        :param workers: how many processes a cluster of this machine has

        :param address: that of a scheduler, such as ``tcp://10.0.0.1:8786``, or a
                        client of it, which is left open; None for a cluster of this
                        machine

        :param ttl: after how many seconds without a sign of life a process of this
                    machine is replaced: more than any item keeps Python from running
                    another thread

        """
        super().__init__(workers)
        self._address = address
        self._ttl = ttl
        self._threads: dict[str, int] | None = None

    @property
    def workers(self) -> int:
        """How many work at once; on a cluster that is there, how many did at the
        last start, or else when this was asked first.

        """
        if self._address is None:
            return self._workers
        return max(1, sum(self._survey().values()))

    @property
    def reach(self) -> Reach:
        """How far away the workers are, or were at the last start.  Those with an
        address of this machine count as processes of it.

        """
        if self._address is None:
            return Reach.MACHINE
        addresses = self._survey()
        if addresses and all(map(is_here, addresses)):
            return Reach.MACHINE
        return Reach.NETWORK

    def _survey(self) -> dict[str, int]:
        """Return the number of threads of each worker, by address."""
        if self._threads is None:
            with self._connected() as client:
                self._threads = self._count(client)
        return self._threads

    def _count(self, client: Client) -> dict[str, int]:
        if client.status == "closed":
            raise MultiProcessError(f"The client of {self!r} is closed: give another")
        try:
            return dict(client.nthreads())
        except OSError as e:
            raise MultiProcessError(
                f"The scheduler of {self!r} can't be reached: {e}"
            ) from e

    def start(self) -> Executor:
        if self._address is None:
            return make_cluster(self._workers, self._ttl)
        pool = self._connect()
        try:
            self._threads = self._count(pool.client)
        except BaseException:
            pool.end(now=True)
            raise
        return pool

    def stop(self, executor: Executor, *, now: bool) -> None:
        cast(DaskPool, executor).end(now=now)

    def is_broken(self, error: BaseException) -> bool:
        from distributed.client import ClosedClientError

        # All futures are cancelled when the scheduler is lost.
        return isinstance(
            error, CancelledError | ClosedClientError
        ) or super().is_broken(error)

    def is_death(self, error: BaseException) -> bool:
        from distributed import KilledWorker

        return isinstance(error, KilledWorker) or super().is_death(error)

    def check(self, probe: Callable[[], object]) -> None:
        if self._address is None:
            return
        from distributed.comm.core import CommClosedError

        with self._connected() as client:
            answers = client.run(probe, on_error="return")
        for answer in answers.values():
            # One that has died meanwhile does no work either.
            if isinstance(answer, Exception) and not isinstance(
                answer, CommClosedError
            ):
                raise answer

    def _connect(self) -> DaskPool:
        if isinstance(self._address, str):
            return connect(self._address)
        return DaskPool(cast("Client", self._address))

    @contextmanager
    def _connected(self) -> Iterator[Client]:
        pool = self._connect()
        try:
            yield pool.client
        finally:
            pool.end(now=True)

    def __repr__(self) -> str:
        where = f"workers={self._workers}" if self._address is None else self._address
        return f"{type(self).__name__}({where})"

"""An executor on a Dask cluster, and the end of it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from ..error import MultiProcessError
from .deadline import deadline

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

__all__ = ["DaskPool", "connect", "make_cluster"]

P = ParamSpec("P")
T = TypeVar("T")

_TIMEOUT: Final = 10.0
"""Seconds to wait for a connection to a scheduler."""

_GRACE: Final = 5.0
"""How many seconds a cluster's processes have to end before they are killed."""


class DaskPool(Executor):
    """Has a Dask cluster work.

    Safe to use by many threads.

    """

    def __init__(
        self,
        client: Client,
        *,
        owned: bool = False,
        cluster: LocalCluster | None = None,
    ) -> None:
        """
        :param client: what work is given to

        :param owned: whether to close it in the end

        :param cluster: the cluster, if it is to be closed in the end

        """
        self.client = client
        self._owned = owned
        self._cluster = cluster
        self._unfinished: set[Future[Any]] = set()
        # By default Dask takes two calls with the same arguments for one.
        self._executor = client.get_executor(pure=False)

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        future: Future[T] = self._executor.submit(fn, *args, **kwargs)
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        return future

    def end(self, *, now: bool) -> None:
        """End what is ours, and wait for that.

        :param now: whether to kill workers that are ours, and have others forget
                    what they work on, rather than wait for what was submitted

        """
        try:
            if not now:
                wait(list(self._unfinished))
        except BaseException:
            now = True
            raise
        finally:
            with ExitStack() as stack:
                stack.callback(self._close_cluster)
                stack.callback(self._close_client)
                if now:
                    self._abandon()

    def _abandon(self) -> None:
        if self._cluster is not None:
            _kill_workers(self._cluster)
        elif self.client.status != "closed":
            self._executor.shutdown(wait=False)

    def _close_client(self) -> None:
        if self._owned:
            with _silence(self.client), suppress(TimeoutError):
                self.client.close()

    def _close_cluster(self) -> None:
        if self._cluster is not None:
            with deadline(_GRACE, partial(_kill_workers, self._cluster)):
                self._cluster.close()


def _kill_workers(cluster: LocalCluster) -> None:
    from distributed import Status

    for nanny in list(cluster.workers.values()):
        if nanny.status is Status.running:
            # Or it would start another process.
            nanny.close_gracefully(reason="zensols-multi-stop")
        pid = nanny.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def _silence(client: Client) -> Iterator[None]:
    """Have a client that has lost its scheduler not say so again when it is closed."""
    if client.status == "running":
        yield
        return
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def connect(address: str) -> DaskPool:
    """Return an executor on a cluster that is there.

    :param address: that of its scheduler

    :raises MultiProcessError: if it can't be reached

    """
    client_class, _ = _drivers()
    try:
        client = client_class(address, timeout=_TIMEOUT, set_as_default=False)
    except OSError as e:
        raise MultiProcessError(
            f"The Dask scheduler at {address} can't be reached: {e}; see that it "
            f"runs, or leave the address out for a cluster of this machine"
        ) from e
    return DaskPool(client, owned=True)


def make_cluster(workers: int, ttl: float) -> DaskPool:
    """Return an executor on a cluster of its own, on this machine.

    :param workers: how many processes

    :param ttl: after how many seconds without a sign of life to replace one

    :raises MultiProcessError: if it doesn't start

    """
    client_class, cluster_class = _drivers()
    try:
        cluster = cluster_class(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            # It is for the system, not for Dask, to say when there is none left.
            memory_limit=None,
            # What matters of it is raised.
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={
                # Who has submitted something decides how often to try it again.
                "allowed_failures": 0,
                "worker_ttl": ttl,
                # Its server is there even without the dashboard.
                "dashboard": False,
                "dashboard_address": "127.0.0.1:0",
            },
            preload=["zensols.multi.engine.settling"],
        )
    except RuntimeError as e:
        raise MultiProcessError(
            f"The {workers} processes of a Dask cluster could not be started: {e}; a "
            f"script has to do its work under if __name__ == '__main__', since they "
            f"run it first"
        ) from e
    try:
        client = client_class(cluster, set_as_default=False)
    except BaseException:
        cluster.close()
        raise
    return DaskPool(client, owned=True, cluster=cluster)


def _drivers() -> tuple[type[Client], type[LocalCluster]]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as e:
        raise MultiProcessError(
            "Work on Dask needs a package that is not installed: run "
            "pip install 'zensols.persist[dask]'"
        ) from e
    return Client, LocalCluster

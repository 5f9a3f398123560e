"""Executors of others that work is given to: joblib's and Dask's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .filling import WORKERS
from .row import LeftOut
from .workspace import new_folder

if TYPE_CHECKING:
    from distributed import Client
    from loky import ProcessPoolExecutor

__all__ = ["dask_client", "joblib_processes", "loky_processes"]


@contextmanager
def joblib_processes() -> Iterator[tuple[Callable[..., None], Callable[[], None]]]:
    """Give a function that calls another one with each of some items in joblib's
    processes, which it leaves running, and one that ends them.

    :raises LeftOut: if joblib is not installed

    """
    try:
        from joblib import Parallel, delayed
        from joblib.externals.loky import get_reusable_executor
    except ModuleNotFoundError as e:
        raise LeftOut(str(e)) from e

    def run(function: Callable[[int], None], items: Iterable[int]) -> None:
        work = delayed(function)
        Parallel(n_jobs=WORKERS, backend="loky")(work(item) for item in items)

    def stop() -> None:
        get_reusable_executor(WORKERS).shutdown(wait=True)

    try:
        yield run, stop
    finally:
        stop()


@contextmanager
def loky_processes() -> Iterator[ProcessPoolExecutor]:
    """Give an executor of loky, whose processes are left running.

    :raises LeftOut: if loky is not installed

    """
    try:
        from loky import ProcessPoolExecutor
    except ModuleNotFoundError as e:
        raise LeftOut(str(e)) from e
    with ProcessPoolExecutor(WORKERS) as executor:
        yield executor


@contextmanager
def dask_client() -> Iterator[Client]:
    """Start a Dask cluster of this machine and give a client of it.

    :raises LeftOut: if Dask is not installed

    """
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as e:
        raise LeftOut(str(e)) from e
    options: dict[str, Any] = {
        "n_workers": WORKERS,
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        "dashboard_address": None,
    }
    with (
        new_folder() as folder,
        LocalCluster(local_directory=str(folder), **options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client

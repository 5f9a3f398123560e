"""Engines by name."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Final, TypeAlias

from ..error import MultiProcessError
from .base import Engine
from .counting import count_workers
from .dask import DaskEngine
from .given import ExecutorEngine
from .processes import ProcessesEngine
from .serial import SerialEngine
from .threads import ThreadsEngine

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["AnyEngine", "find_engine"]

AnyEngine: TypeAlias = "str | Executor | Callable[[], Executor] | Client | Engine"
"""What stands for an engine; see :func:`find_engine`."""

_NAMES: Final = ("serial", "threads", "processes", "dask")


def find_engine(
    engine: AnyEngine = "processes",
    workers: float = 1,
    *,
    start_method: str | None = None,
    address: str | Client | None = None,
) -> Engine:
    """Return the engine that something stands for.

    Safe to call from any thread.

    :param engine: ``"processes"``, ``"threads"``, ``"serial"`` or ``"dask"``; the
                   address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"`` or
                   ``"dask://10.0.0.1:8786"``, or a client of it; any executor of
                   :mod:`concurrent.futures`, or what returns one; or an engine, which
                   is returned

    :param workers: how many work at once; see :func:`count_workers`

    :param start_method: that of :class:`ProcessesEngine`

    :param address: that of :class:`DaskEngine`

    :raises MultiProcessError: if there is no such engine, or if it takes no start
                               method or no address

    :raises ValueError: if there can't be so many workers

    >>> find_engine("threads", 2)
    ThreadsEngine(workers=2)
    >>> find_engine("tcp://10.0.0.1:8786")
    DaskEngine(tcp://10.0.0.1:8786)

    """
    count = count_workers(workers)
    if isinstance(engine, str) and "://" in engine:
        engine, address = "dask", _read_address(engine, address)
    elif _is_client(engine):
        engine, address = "dask", engine
    for option, value, owner in (
        ("start method", start_method, "processes"),
        ("address", address, "dask"),
    ):
        if value is not None and engine != owner:
            raise MultiProcessError(
                f"Engine {engine!r} takes no {option}, such as {value!r}: only "
                f"'{owner}' does"
            )
    match engine:
        case Engine():
            return engine
        case "serial":
            return SerialEngine()
        case "threads":
            return ThreadsEngine(count)
        case "processes":
            return ProcessesEngine(count, start_method)
        case "dask":
            return DaskEngine(count, address)
    if isinstance(engine, Executor) or callable(engine):
        return ExecutorEngine(engine, count)
    raise MultiProcessError(
        f"There is no engine {engine!r}: use one of {', '.join(_NAMES)}, the address "
        f"of a Dask scheduler, such as tcp://10.0.0.1:8786, or an executor of "
        f"concurrent.futures"
    )


def _read_address(engine: str, address: object) -> str:
    if address is not None:
        raise MultiProcessError(
            f"Engine '{engine}' is an address itself: leave out {address!r}"
        )
    scheme, _, location = engine.partition("://")
    return f"tcp://{location}" if scheme == "dask" else engine


def _is_client(engine: object) -> bool:
    return any(
        kind.__name__ == "Client" and kind.__module__ == "distributed.client"
        for kind in type(engine).__mro__
    )

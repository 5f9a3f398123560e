"""Where work is done: in this thread, in threads, in processes, on a Dask cluster,
or by any executor of :mod:`concurrent.futures`.

"""

from __future__ import annotations

from .base import Engine
from .counting import count_workers
from .dask import DaskEngine
from .find import AnyEngine, find_engine
from .given import ExecutorEngine
from .processes import ProcessesEngine
from .serial import SerialEngine
from .threads import ThreadsEngine

__all__ = [
    "AnyEngine",
    "DaskEngine",
    "Engine",
    "ExecutorEngine",
    "ProcessesEngine",
    "SerialEngine",
    "ThreadsEngine",
    "count_workers",
    "find_engine",
]

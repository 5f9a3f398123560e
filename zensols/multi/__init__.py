"""Stashes that are filled in parallel, on this machine's cores or on a cluster."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chunk import ChunkProcessor
    from .error import (
        CannotTravelError,
        ForeignKeyError,
        ItemTimeoutError,
        MultiProcessError,
        UnreachableDelegateError,
        WorkerDiedError,
        WorkStoppedError,
    )
    from .factory import MultiProcessFactoryStash, MultiProcessRobustStash
    from .policy import Retry, retry
    from .processor import MultiProcessor, PoolMultiProcessor, SingleMultiProcessor
    from .progress import Progress
    from .stash import MultiProcessDefaultStash, MultiProcessStash

__all__ = [
    "CannotTravelError",
    "ChunkProcessor",
    "ForeignKeyError",
    "ItemTimeoutError",
    "MultiProcessDefaultStash",
    "MultiProcessError",
    "MultiProcessFactoryStash",
    "MultiProcessRobustStash",
    "MultiProcessStash",
    "MultiProcessor",
    "PoolMultiProcessor",
    "Progress",
    "Retry",
    "SingleMultiProcessor",
    "UnreachableDelegateError",
    "WorkStoppedError",
    "WorkerDiedError",
    "retry",
]

_MODULES = {
    name: module
    for module, names in {
        "chunk": "ChunkProcessor",
        "error": "CannotTravelError ForeignKeyError ItemTimeoutError MultiProcessError"
        " UnreachableDelegateError WorkStoppedError WorkerDiedError",
        "factory": "MultiProcessFactoryStash MultiProcessRobustStash",
        "policy": "Retry retry",
        "processor": "MultiProcessor PoolMultiProcessor SingleMultiProcessor",
        "progress": "Progress",
        "stash": "MultiProcessDefaultStash MultiProcessStash",
    }.items()
    for name in names.split()
}
"""Where each name is defined that is imported when it is first used."""


def __getattr__(name: str) -> Any:
    if (module := _MODULES.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

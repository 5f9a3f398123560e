"""How a stash wants to be filled, worked out from its attributes."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from zensols.persist.error import PersistableError
from zensols.persist.stash import DictionaryStash

from .policy import as_retry
from .processor import MultiProcessor, PoolMultiProcessor, SingleMultiProcessor

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .engine import Engine
    from .stash import MultiProcessStash

__all__ = ["check_options", "child_of", "engine_of", "processor_of", "start_early"]


def check_options(stash: MultiProcessStash[Any]) -> None:
    """Do nothing, if the options of a stash make sense.

    :param stash: the stash

    :raises PersistableError: if a number doesn't

    :raises ValueError: if there is no such policy for failures

    """
    if stash.chunk_size < 0:
        raise PersistableError(
            f"Wrong chunk_size {stash.chunk_size!r} of {type(stash).__name__}: give a "
            f"number of items, or 0 to have it found out"
        )
    if stash.item_timeout is not None and stash.item_timeout <= 0:
        raise PersistableError(
            f"Wrong item_timeout {stash.item_timeout!r} of {type(stash).__name__}: "
            f"give a number of seconds above 0, or None"
        )
    as_retry(stash.on_failure)


def child_of(
    stash: MultiProcessStash[Any], *, keep_delegate: bool = True
) -> MultiProcessStash[Any]:
    """Return a worker's copy of a stash.

    :param stash: the stash

    :param keep_delegate: whether workers reach the delegate; otherwise it does not
                          travel

    """
    child = copy.copy(stash)
    child.is_child = True
    child.engine, child.show_progress = "serial", False
    if not keep_delegate:
        child.delegate = DictionaryStash()
    return child


def engine_of(stash: MultiProcessStash[Any]) -> Engine:
    """Return where a stash works.

    :param stash: the stash

    :raises MultiProcessError: if there is no such place

    """
    from .engine import count_workers, find_engine

    workers = count_workers(stash.workers)
    engine = stash.engine
    if engine is None:
        single = workers == 1 or stash.processor_class is SingleMultiProcessor
        engine = "serial" if single else "processes"
    return find_engine(engine, workers)


def start_early(engine: Engine) -> Executor | None:
    """Start workers for a run that is going to be another thread's, if that should
    not start them itself: those that are forked have locks as they are then, which
    may be held by this thread, as that of the standard input while it is read.

    :param engine: has the workers

    :raises MultiProcessError: if there can't be any

    """
    from .engine import ProcessesEngine

    if isinstance(engine, ProcessesEngine) and engine.start_method == "fork":
        return engine.start()
    return None


def processor_of(stash: MultiProcessStash[Any]) -> MultiProcessor | None:
    """Return a client's own way to run chunks, if a stash has one.

    :param stash: the stash

    """
    kind = stash.processor_class
    if stash.engine is not None or kind is None:
        return None
    if kind in (PoolMultiProcessor, SingleMultiProcessor):
        return None
    return kind(stash.name)

"""How the work of a coroutine method gets its value."""

from __future__ import annotations

from asyncio import get_running_loop, shield, wrap_future
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import get_ident
from time import perf_counter
from typing import Any, Final

from ..error import LockTimeoutError
from ..missing import MISSING
from .definition import Definition
from .lock import locked
from .reuse import check_value
from .single_flight import fly, is_inside
from .store import Store
from .work import PersistedWork

__all__ = ["call"]

_PATIENCE: Final = 0.25
"""Seconds until a thread that waits for a lock looks whether it still should."""

Compute = Callable[[], Awaitable[tuple[Any, float]]]


async def call(
    work: PersistedWork,
    definition: Definition,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Return the value of a work.  All that await it share one computation, also
    in other threads and, for a value at rest, processes; what is read and
    written meanwhile keeps no event loop waiting.

    :param work: the work

    :param definition: what the decorator was told

    :param args: the method's arguments

    :param kwargs: the method's arguments

    """
    work._require_owner()
    holder = work._lock_holder

    async def compute() -> tuple[Any, float]:
        start = perf_counter()
        with locked(work):
            work.worker, work._definition = definition.function, definition
            result = work.__do_work__(*args, **kwargs)
        value = await result
        check_value(value, work.varname)
        return value, perf_counter() - start

    if is_inside(holder):
        with locked(holder):
            value = work._recall()
        if value is MISSING:
            value, _ = await compute()
            with locked(holder):
                work._keep(value)
        return value
    return await fly(holder, partial(_obtain, work, definition, compute))


async def _obtain(work: PersistedWork, definition: Definition, compute: Compute) -> Any:
    holder = work._lock_holder
    with locked(holder):
        work._definition = definition
        value = work._recall()
        if value is not MISSING:
            return value
        store = work._store()
        work._computing = get_ident()
    try:
        if store is None:
            value, _ = await compute()
        else:
            value = await _obtain_stored(store, definition.lock_timeout, compute)
    except BaseException:
        with locked(holder):
            work._computing = None
            work._discard()
        raise
    with locked(holder):
        work._computing = None
        work.worker, work._definition = definition.function, definition
        work._keep(value)
    return value


async def _obtain_stored(
    store: Store, lock_timeout: float | None, compute: Compute
) -> Any:
    # One thread does it all, since a lock belongs to the thread that took it.
    thread = ThreadPoolExecutor(1, "persisted")
    run = partial(get_running_loop().run_in_executor, thread)
    held = ExitStack()
    try:
        value = await run(store.load)
        if value is MISSING:
            await run(store.prepare)
            await _enter(run, held, store, lock_timeout)
            value = await run(store.load)
            if value is MISSING:
                value, seconds = await compute()
                await run(store.dump, value, seconds)
        return value
    finally:
        released = thread.submit(held.close)
        thread.shutdown(wait=False)
        await shield(wrap_future(released))


async def _enter(
    run: Callable[..., Awaitable[Any]],
    held: ExitStack,
    store: Store,
    lock_timeout: float | None,
) -> None:
    while True:
        try:
            lock = store.lock(_PATIENCE if lock_timeout is None else lock_timeout)
            await run(held.enter_context, lock)
            return
        except LockTimeoutError:
            if lock_timeout is not None:
                raise

"""Ending worker processes whose parent has died, however it died."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

__all__ = ["watch_parent"]

_PERIOD: Final = 0.25
"""Seconds between looks."""

_EXIT_CODE: Final = 1

_watched: Final[set[int]] = set()


def watch_parent(pid: int) -> None:
    """End this process within half a second of its parent's death.

    A thread looks after that, whatever else the process does.  On Linux, the kernel
    does so, too, for the processes of :mod:`multiprocessing`, so that they end even
    if they are stopped, or in C code that never lets another thread run.

    Without effect if the parent is watched already, and if the given process is not
    this one's parent, which is so where a cluster started the workers.

    To be called in the worker, by any thread.

    :param pid: the parent: the process that started this one, or had it started by
                the fork server of :mod:`multiprocessing`

    >>> import multiprocessing
    >>> def work():
    ...     watch_parent(multiprocessing.parent_process().pid)
    >>> worker = multiprocessing.get_context("fork").Process(target=work)
    >>> worker.start(); worker.join(); worker.exitcode
    0

    """
    from multiprocessing import parent_process

    if pid in _watched:
        return
    is_alive: Callable[[], bool]
    parent = parent_process()
    if os.getppid() == pid:
        # Which changes when the parent dies, even if nobody takes note of that.
        is_alive = partial(_is_parent, pid)
    elif parent is not None and parent.pid == pid:
        # Of a fork server, or dead by now.
        is_alive = partial(_is_running, parent, pid)
    else:
        return
    _watched.add(pid)
    if parent is not None and parent.pid == pid:
        _end_with(parent)
    Thread(
        target=_end_after, args=(is_alive,), name="watch-parent", daemon=True
    ).start()


def _is_parent(pid: int) -> bool:
    return os.getppid() == pid


def _is_running(parent: BaseProcess, pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # It may have died, while nobody has asked for its exit code yet.
    return _pipe(parent) is not None and parent.is_alive()


def _pipe(parent: BaseProcess) -> int | None:
    """Return the end of a pipe that is closed at the other end when a parent dies;
    loky's workers, which are always its own, have none.

    """
    return cast("int | None", parent.sentinel)


def _end_with(parent: BaseProcess) -> None:
    """Have the kernel kill this process when the other end of its pipe is closed,
    which only the parent has.  (So may processes that it has forked; then it's up to
    the thread.)

    """
    pipe = _pipe(parent)
    if pipe is None or not hasattr(fcntl, "F_SETSIG"):
        return
    # There are systems that call themselves Linux and can't do this.
    with suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
        fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_ASYNC)


def _end_after(is_alive: Callable[[], bool]) -> None:
    while is_alive():
        sleep(_PERIOD)
    # Without the handlers of a program that is no more.
    os._exit(_EXIT_CODE)

"""What a worker process does first."""

from __future__ import annotations

import signal
from multiprocessing import parent_process
from typing import TYPE_CHECKING

from ..orphan import watch_parent

if TYPE_CHECKING:
    from multiprocessing.synchronize import Semaphore
    from types import FrameType

    from distributed import Worker

__all__ = ["dask_setup", "settle"]


def settle(parent: int, gate: Semaphore) -> None:
    """Make a new process of a pool a worker, which ends with its parent, and wait to
    be let in.

    :param parent: the process that started the pool

    :param gate: lets it in

    """
    watch_parent(parent)
    _forget_handlers()
    _leave_interrupts()
    gate.acquire()


def dask_setup(worker: Worker) -> None:  # noqa: ARG001  Dask's to give
    """Make a new process of a local Dask cluster a worker; Dask calls this when it
    has loaded the module.

    :param worker: Dask's

    """
    parent = parent_process()
    if parent is not None and parent.pid is not None:
        watch_parent(parent.pid)
    _leave_interrupts()


def _forget_handlers() -> None:
    """Handle signals as if the program had not been forked."""
    # It would be told of this process's.
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def _leave_interrupts() -> None:
    """Leave it to the program to react to Ctrl-C."""
    # SIG_IGN would last in the programs that an item runs, and nobody ends those.
    signal.signal(signal.SIGINT, _pass)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _pass(number: int, frame: FrameType | None) -> None:
    """Go on."""

"""Writing modules when the program ends, whichever way."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from .keeper import kept_records, save_all
from .record import running_loop

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

__all__ = ["watch"]

logger = logging.getLogger(__name__)

_PATIENCE: Final = 10.0
"""How many seconds a signal waits for modules to be written: what it interrupted may
have a lock that they need."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_loops: Final[WeakKeyDictionary[AbstractEventLoop, AsyncGenerator[None]]] = (
    WeakKeyDictionary()
)


def watch() -> None:
    """See to it that modules are written when the process or the event loop ends
    that runs here.  Costs little when called again.

    """
    _watch_process(os.getpid())
    _watch_nicegui()
    _watch_loop()
    if threading.current_thread() is threading.main_thread() and not _in_notebook():
        _watch_signals()


@cache
def _watch_process(pid: int) -> None:
    atexit.register(_at_exit, pid)
    processes = sys.modules.get("multiprocessing.util")
    if processes is not None:
        # Children that are forked end without the others.
        processes.Finalize(None, _at_exit, args=(pid,), exitpriority=0)


_exiting = False


def _at_exit(pid: int) -> None:
    global _exiting  # noqa: PLW0603  a process ends once
    if pid == os.getpid():
        _exiting = True
        save_all()
        _leave_all()


def _leave_all() -> None:
    for record in kept_records():
        record.release()


def _watch_loop() -> None:
    loop = running_loop()
    if loop is None or loop in _loops:
        return
    generator = _loops[loop] = _until_loop_ends()
    try:
        # Begun, it is among those that the loop closes when it shuts down.
        generator.__anext__().send(None)
    except StopIteration:
        pass


async def _until_loop_ends() -> AsyncGenerator[None]:
    from asyncio import to_thread

    try:
        yield
    finally:
        await to_thread(save_all)


def _watch_nicegui() -> None:
    if (nicegui := sys.modules.get("nicegui")) is not None and hasattr(nicegui, "app"):
        _add_to_nicegui(nicegui.app)


@cache
def _add_to_nicegui(app: Any) -> None:
    async def save() -> None:
        from asyncio import to_thread

        await to_thread(save_all)

    app.on_shutdown(save)


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return "ipykernel" in sys.modules or (
        shell is not None and shell.get_ipython() is not None
    )


class _Handler:
    """Writes modules when a signal comes, and then does what would have been done."""

    def __init__(self, previous: Any) -> None:
        self.previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if _exiting:
            # They are being written; the next one ends that.
            signal.signal(number, signal.SIG_DFL)
            return
        written = _save_beside()
        if callable(self.previous):
            self.previous(number, frame)
        elif written:
            _leave_all()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        else:
            # Lets go of locks on its way out, after which they are written.
            sys.exit(128 + number)


def _save_beside() -> bool:
    """Write modules in another thread, while this one waits."""
    parked = running_loop()
    done = threading.Event()

    def save() -> None:
        save_all(parked)
        done.set()

    threading.Thread(target=save, name="last persistent modules", daemon=True).start()
    return done.wait(_PATIENCE)


def _watch_signals() -> None:
    for number in _SIGNALS:
        previous = signal.getsignal(number)
        if (
            isinstance(previous, _Handler)
            # Becomes an exception, and so a regular end; event loops look for it.
            or previous is signal.default_int_handler
            # Ignored, or somebody's who can't be chained.
            or previous in (signal.SIG_IGN, None)
        ):
            continue
        signal.signal(number, _Handler(previous))

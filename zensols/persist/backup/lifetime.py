"""What goes on by itself until the program ends."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
from collections.abc import Hashable
from types import FrameType
from typing import Any, Final, Protocol

__all__ = ["Service", "begin", "end"]

logger = logging.getLogger(__name__)


_PATIENCE: Final = 10.0
"""How many seconds a signal waits for services to stop."""


class Service(Protocol):
    """What goes on by itself.

    >>> class Nothing:
    ...     def retire(self): pass
    ...     def stop(self): pass
    >>> service: Service = Nothing()

    """

    def retire(self) -> None:
        """Go on no more, since another one does the same."""

    def stop(self) -> None:
        """Do for the last time what was done by itself."""


class _Registry:
    """The services of this process, by what they do."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.lock = threading.Lock()
        self.services: dict[Hashable, Service] = {}


_registry: Final = _Registry()
_watching: Final = threading.Event()

if hasattr(os, "register_at_fork"):
    # A child has none of the threads.
    os.register_at_fork(after_in_child=_registry.forget)


def begin(what: Hashable, service: Service) -> None:
    """Have a service stopped when the program ends, by SIGTERM included.

    :param what: tells what it does; another one that does the same retires

    :param service: goes on by itself

    """
    with _registry.lock:
        older = _registry.services.get(what)
        _registry.services[what] = service
    if older is not None:
        older.retire()
    _watch()


def end(service: Service) -> None:
    """Don't stop a service when the program ends.

    :param service: goes on by itself, or no more

    """
    with _registry.lock:
        for what, other in list(_registry.services.items()):
            if other is service:
                del _registry.services[what]


@atexit.register
def _stop_all() -> None:
    for service in list(_registry.services.values()):
        try:
            service.stop()
        except Exception:  # the others are to stop, too
            logger.exception("Can't stop %r", service)


class _Handler:
    """Stops all when a signal comes, and then does what would have been done."""

    def __init__(self, previous: Any) -> None:
        self.previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        # What was interrupted may have a lock that a service needs.
        thread = threading.Thread(target=_stop_all, daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        if callable(self.previous):
            self.previous(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def _watch() -> None:
    """See to it that all stop on SIGTERM, too, unless that is ignored."""
    if (
        _watching.is_set()
        or threading.current_thread() is not threading.main_thread()
        # A notebook's kernel has its own ways.
        or "ipykernel" in sys.modules
    ):
        return
    previous = signal.getsignal(signal.SIGTERM)
    # One that isn't Python's can't be called from here.
    if previous not in (None, signal.SIG_IGN):
        _watching.set()
        signal.signal(signal.SIGTERM, _Handler(previous))

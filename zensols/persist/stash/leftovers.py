"""Closing connections that nobody closed."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final
from weakref import finalize

__all__ = ["close_now", "close_when_collected"]

logger = logging.getLogger(__name__)

Close = Callable[[], object]

_abandoned: Final[list[object]] = []
"""What a parent process opened: closing it would disturb it."""


class _Closer:
    """Closes in a thread of its own what was left to the garbage collector, which may
    run in the middle of anything: while a lock is held that closing needs, or while a
    context variable is set, when CPython before 3.12 crashes if closing sets one, too
    (https://github.com/python/cpython/issues/148891).

    For what has threads of its own anyway: who has none, and is to be forked, should
    not get one for this.

    """

    def __init__(self) -> None:
        self._is_over = False
        self._is_registered = False
        self.renew()

    def renew(self) -> None:
        """Begin anew in a forked child, which has neither the thread nor what its
        parent opened.

        """
        self._guard = threading.Lock()
        self._open = 0
        self._queue: SimpleQueue[Close | None] = SimpleQueue()

    def expect(self) -> None:
        """Have the thread run while there is something that may be left to it."""
        with self._guard:
            if not self._is_registered:
                # Called before finalizers are at the end of the process, since there
                # is one already.
                atexit.register(self.end)
                self._is_registered = True
            if not self._open:
                self._queue = SimpleQueue()
                threading.Thread(
                    target=self._serve, args=(self._queue,), name="closes", daemon=True
                ).start()
            self._open += 1

    def forget(self) -> None:
        """Have it end if there is nothing more."""
        with self._guard:
            self._open -= 1
            if not self._open:
                self._queue.put(None)

    def leave(self, close: Close, pid: int) -> None:
        """Close something soon.  Takes no lock."""
        if pid != os.getpid():
            _abandoned.append(close)
        elif self._is_over:
            close()
        else:
            self._queue.put(close)

    def _serve(self, queue: SimpleQueue[Close | None]) -> None:
        while (close := queue.get()) is not None:
            try:
                close()
            except Exception:
                logger.warning("Can't close what was collected", exc_info=True)
            self.forget()

    def end(self) -> None:
        """Close what is left now, and from now on at once."""
        self._is_over = True
        with suppress(Empty):
            while (close := self._queue.get_nowait()) is not None:
                close()


_closer: Final = _Closer()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_closer.renew)


def close_when_collected(owner: object, close: Close) -> finalize[..., Any]:
    """Have something closed soon after its owner was collected as garbage, by another
    thread, or at the end of the process; not by a child that is forked.

    Safe to use from many threads.

    :param owner: the owner

    :param close: closes it, without the owner

    :return: what :func:`close_now` takes, once

    >>> class Owner: ...
    >>> owner, closed = Owner(), threading.Event()
    >>> finalizer = close_when_collected(owner, closed.set)
    >>> del owner
    >>> closed.wait(60)
    True

    """
    finalizer = finalize(owner, _closer.leave, close, os.getpid())
    _closer.expect()
    return finalizer


def close_now(finalizer: finalize[..., Any]) -> None:
    """Close something now, unless it was closed before, or is a parent process's.

    :param finalizer: what :func:`close_when_collected` returned

    """
    found = finalizer.detach()
    if found is not None:
        close, pid = found[2]
        if pid == os.getpid():
            _closer.forget()
            close()
        else:
            _abandoned.append(close)

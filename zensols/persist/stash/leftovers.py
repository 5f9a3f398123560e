"""Closing connections that nobody closed."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final
from weakref import finalize

__all__ = ["close_now", "close_when_collected"]

Close = Callable[[], object]

_abandoned: Final[list[object]] = []
"""What a parent process opened: closing it would disturb it."""


class _Closer:
    """Closes in a thread of its own what was left to the garbage collector, which may
    run in the middle of anything: while a lock is held that closing needs, or while a
    context variable is set, when CPython before 3.12 crashes if closing sets one, too
    (https://github.com/python/cpython/issues/148891).

    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._pid = 0
        self._queue: SimpleQueue[Close] = SimpleQueue()
        self._is_over = False

    def start(self) -> None:
        """See to it that the thread runs, which a forked child hasn't."""
        if self._pid == os.getpid():
            return
        with self._guard:
            if self._pid == os.getpid():
                return
            if self._pid == 0:
                # Called before finalizers are at the end of the process, since there
                # is one already.
                atexit.register(self.end)
            self._queue = SimpleQueue()
            threading.Thread(
                target=_serve, args=(self._queue,), name="closes", daemon=True
            ).start()
            self._pid = os.getpid()

    def renew(self) -> None:
        """Forget who held the lock in the parent process."""
        self._guard = threading.Lock()

    def leave(self, close: Close, pid: int) -> None:
        """Close something soon.  Takes no lock."""
        if pid != os.getpid():
            _abandoned.append(close)
        elif self._is_over:
            close()
        else:
            self._queue.put(close)

    def end(self) -> None:
        """Close what is left now, and from now on at once."""
        self._is_over = True
        while True:
            try:
                close = self._queue.get_nowait()
            except Empty:
                return
            close()


def _serve(queue: SimpleQueue[Close]) -> None:
    while True:
        queue.get()()


_closer: Final = _Closer()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_closer.renew)


def close_when_collected(owner: object, close: Close) -> finalize[..., Any]:
    """Have something closed soon after its owner was collected as garbage, by another
    thread, or at the end of the process; not by a child that is forked.

    Safe to use from many threads.

    :param owner: the owner

    :param close: closes it, without the owner, and raises nothing

    :return: what :func:`close_now` takes, once

    >>> class Owner: ...
    >>> owner, closed = Owner(), threading.Event()
    >>> finalizer = close_when_collected(owner, closed.set)
    >>> del owner
    >>> closed.wait(60)
    True

    """
    finalizer = finalize(owner, _closer.leave, close, os.getpid())
    _closer.start()
    return finalizer


def close_now(finalizer: finalize[..., Any]) -> None:
    """Close something now, unless it was closed before, or is a parent process's.

    :param finalizer: what :func:`close_when_collected` returned

    """
    found = finalizer.detach()
    if found is not None:
        close, pid = found[2]
        if pid == os.getpid():
            close()
        else:
            _abandoned.append(close)

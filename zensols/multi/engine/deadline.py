"""A limit to what takes too long to end by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

__all__ = ["deadline"]


@contextmanager
def deadline(seconds: float, kill: Callable[[], object]) -> Iterator[None]:
    """Call something in another thread, unless what is done in this context ends
    before.

    :param seconds: how long it may take

    :param kill: has it end

    >>> import threading
    >>> stuck = threading.Event()
    >>> with deadline(0.01, stuck.set):
    ...     stuck.wait(60)
    True

    """
    timer = Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()

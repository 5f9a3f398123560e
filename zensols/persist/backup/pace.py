"""Leaving time to other threads."""

from __future__ import annotations

import sys
import threading
import time
from typing import Final

__all__ = ["Pace"]

_SHARE: Final = 2.0
"""How many times as long as this works it rests, if others want to run."""


class Pace:
    """Has a thread rest between pieces of work if there are others that want to run:
    then it has to wait for the interpreter, which only one can have.  To change hands
    costs time, the more the busier the machine is, and it does with each call of the
    system.

    Use it in one thread.

    >>> pace = Pace()
    >>> for piece in range(3):
    ...     pace.rest()

    """

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    def rest(self) -> None:
        """Rest, if others want to run."""
        if threading.active_count() == 1:
            return
        ended = time.perf_counter()
        # Gives the interpreter to whoever waits for it.
        time.sleep(0)
        if time.perf_counter() - ended > sys.getswitchinterval() / 2:
            time.sleep(_SHARE * (ended - self._begun))
        self._begun = time.perf_counter()

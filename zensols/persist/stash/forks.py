"""Telling objects that the process is about to be forked."""

from __future__ import annotations

import os
import threading
from typing import Final, Protocol
from weakref import WeakSet

__all__ = ["Forking", "tell_of_forks"]


class Forking(Protocol):
    """What has to do something when the process is forked."""

    def before_fork(self) -> None:
        """Prepare for a fork; runs in the thread that forks."""

    def after_fork(self, in_child: bool) -> None:
        """Go on after the fork; runs in the same thread.

        :param in_child: whether this is the child, which has no other thread

        """


class _Forks:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._objects: WeakSet[Forking] = WeakSet()
        self._told: list[Forking] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before,
                after_in_parent=lambda: self._after(False),
                after_in_child=lambda: self._after(True),
            )

    def add(self, an_object: Forking) -> None:
        with self._guard:
            self._objects.add(an_object)

    def _before(self) -> None:
        # Kept until afterwards, so that none is added unprepared.
        self._guard.acquire()
        self._told = list(self._objects)
        for told in self._told:
            told.before_fork()

    def _after(self, in_child: bool) -> None:
        for told in self._told:
            told.after_fork(in_child)
        self._told = []
        self._guard.release()


_forks: Final = _Forks()


def tell_of_forks(an_object: Forking) -> None:
    """Tell an object of each fork of this process while the object lives.

    Safe to call from any thread.

    :param an_object: gets told

    >>> class Told:
    ...     def before_fork(self):
    ...         print("before", flush=True)
    ...     def after_fork(self, in_child):
    ...         if not in_child:
    ...             print("after")
    >>> told = Told()
    >>> tell_of_forks(told)
    >>> if os.fork() == 0:
    ...     os._exit(0)
    before
    after
    >>> status = os.wait()

    """
    _forks.add(an_object)

"""A gate that keeps one thread from taking away what others are using."""

from __future__ import annotations

from threading import Condition, get_ident

__all__ = ["Gate"]


class Gate:
    """Any number of threads are inside of a gate at once, each as often nested as
    it likes.  Who shuts it waits until they have left, and is then alone.

    Safe to use from several threads.

    >>> gate = Gate()
    >>> with gate, gate:
    ...     gate.shut(timeout=0)
    False
    >>> gate.shut(timeout=0)
    True
    >>> gate.reopen()

    """

    __slots__ = ("_changed", "_inside", "_keeper")

    def __init__(self) -> None:
        # A thread is in it once for each time that it has entered.  It takes itself
        # out again, and each step is atomic, so that no lock is needed.
        self._inside: list[int] = []
        self._keeper: int | None = None
        self._changed = Condition()

    def __enter__(self) -> None:
        self._inside.append(get_ident())
        # In this order: who shuts the gate says so, and then looks who is inside.
        if self._keeper is not None:
            self._wait(get_ident())

    def __exit__(self, *_: object) -> None:
        self._inside.remove(get_ident())
        if self._keeper is not None:
            with self._changed:
                self._changed.notify_all()

    def _wait(self, thread: int) -> None:
        if self._keeper == thread or self._inside.count(thread) > 1:
            return
        self._inside.remove(thread)
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._keeper is None)
            self._inside.append(thread)

    def shut(self, timeout: float) -> bool:
        """Wait until no thread is inside, and let none enter but this one.

        :param timeout: how many seconds to wait at most

        :return: whether it is shut: not if others stay inside for longer, or this
                 thread is inside itself

        """
        thread = get_ident()
        if thread in self._inside:
            return False
        with self._changed:
            if not self._changed.wait_for(lambda: self._keeper is None, timeout):
                return False
            self._keeper = thread
            if self._changed.wait_for(lambda: not self._inside, timeout):
                return True
        self.reopen()
        return False

    def reopen(self) -> None:
        """Let threads enter again."""
        with self._changed:
            self._keeper = None
            self._changed.notify_all()

    def forget(self) -> None:
        """Forget all other threads: after a fork, there are none."""
        thread = get_ident()
        self._inside = [thread] * self._inside.count(thread)
        self._keeper = None
        self._changed = Condition()

"""Writing several values so that who copies a stash meanwhile gets all of them or
none.

"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from ..error import LockTimeoutError, PersistableError, StoreUnavailableError
from .lock import stash_lock

if TYPE_CHECKING:
    from .stash import Stash

__all__ = ["BatchGate", "key_lock"]

_SLOTS: Final = 8
"""How many threads can write batches at once."""

_SHUT: Final = "shut"


@contextmanager
def key_lock(
    stash: Stash[Any], key: str, timeout: float | None = None
) -> Iterator[None]:
    """Hold a stash's lock on a key, or where its store has no locks, one that only
    excludes the threads that use this object.

    :param stash: the stash

    :param key: the key

    :param timeout: how many seconds to wait for it; by default for ever

    :raises LockTimeoutError: if another owner keeps it longer

    :raises StoreUnavailableError: if the store can't be reached

    """
    with ExitStack() as stack:
        try:
            stack.enter_context(stash.lock(key, timeout))
        except (LockTimeoutError, StoreUnavailableError):
            raise
        except PersistableError:
            stack.enter_context(stash_lock(stash, key, timeout))
        yield


class BatchGate:
    """Lets many threads and processes pass at once, or shuts them all out while one
    of them is alone: a lock of readers and writers made of a stash's own locks, of
    which those who pass take any one, and who wants to be alone takes all ("big
    reader lock", as the kernel of Linux once had).  Who wants that has a sign put
    up beside the stash, so that those who come later wait.  The locks of a process
    that is killed are freed as the stash's are.

    Safe to use from many threads, processes and machines, as far as the stash's
    locks reach.

    >>> from zensols.persist import DictionaryStash
    >>> stash = DictionaryStash()
    >>> with BatchGate(stash, "batches").passing():
    ...     stash["a"] = stash["b"] = 1
    >>> with BatchGate(stash, "batches").shut():
    ...     dict(stash)
    {'a': 1, 'b': 1}

    """

    def __init__(self, stash: Stash[Any], name: str) -> None:
        """
        :param stash: has the locks

        :param name: tells the gate from others of the stash: up to 30 small letters

        """
        self._stash = stash
        self._name = name
        # No stash's own key is likely to begin like that.
        self._prefix = f"\0zensols.persist.{name}"

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Pass while the ``with`` block runs, in which the thread may pass again.

        :raises StoreUnavailableError: if the stash's server can't be reached

        """
        while True:
            with ExitStack() as stack:
                self._take_slot(stack)
                # Who is inside must not wait for who waits for it to leave.
                if _inside.count or not self._is_shut():
                    with _inside:
                        yield
                    return
            self._wait()

    def _take_slot(self, stack: ExitStack) -> None:
        first = threading.get_native_id()
        # Of which some may be those of the dead, until they expire.
        for number in range(first, first + _SLOTS):
            with suppress(LockTimeoutError):
                stack.enter_context(key_lock(self._stash, self._slot(number), 0))
                return
        stack.enter_context(key_lock(self._stash, self._slot(first)))

    @contextmanager
    def shut(self, timeout: float | None = None) -> Iterator[None]:
        """Be alone while the ``with`` block runs, in which the thread may pass.

        :param timeout: how many seconds to wait for those who pass; by default for
                        ever

        :raises LockTimeoutError: if somebody takes longer

        :raises StoreUnavailableError: if the stash's server can't be reached

        """
        with ExitStack() as stack:
            self._put_up_sign(stack, timeout)
            for number in range(_SLOTS):
                lock = key_lock(self._stash, self._slot(number), timeout)
                stack.enter_context(lock)
            stack.enter_context(_inside)
            yield

    def _put_up_sign(self, stack: ExitStack, timeout: float | None) -> None:
        """Have those wait who come later, until a stack is closed."""
        stack.enter_context(key_lock(self._stash, self._turn, timeout))
        stack.callback(self._sign, False)
        self._sign(True)

    def _wait(self) -> None:
        """Wait until the one who has put the sign up is done, or dead."""
        with key_lock(self._stash, self._turn):
            self._sign(False)

    @property
    def _turn(self) -> str:
        return f"{self._prefix}.turn"

    def _slot(self, number: int) -> str:
        return f"{self._prefix}.{number % _SLOTS}"

    def _is_shut(self) -> bool:
        beside = _besides.find(self._stash, self._name)
        # Who may not look may have to wait longer.
        with suppress(PersistableError):
            return beside is not None and beside.exists(_SHUT)
        return False

    def _sign(self, up: bool) -> None:
        beside = _besides.find(self._stash, self._name)
        # Without it, as in a folder that can't be written to, it may take longer.
        with suppress(PersistableError):
            if beside is not None and up:
                beside.dump(_SHUT, os.getpid())
            elif beside is not None:
                beside.delete(_SHUT)


class _Inside(threading.local):
    """How many gates the thread is in."""

    count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *exc_info: object) -> None:
        self.count -= 1


_inside: Final = _Inside()


class _Besides:
    """The stashes beside stashes, which may have connections of their own."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str], Stash[Any] | None] = {}
        self._unused: deque[Stash[Any]] = deque()

    def find(self, stash: Stash[Any], name: str) -> Stash[Any] | None:
        while self._unused:
            with suppress(IndexError):
                getattr(self._unused.popleft(), "close", _do_nothing)()
        key = id(stash), name
        if key not in self._found:
            beside = stash.beside(name)
            weakref.finalize(stash, self._forget, key).atexit = False
            self._found[key] = beside
        return self._found[key]

    def _forget(self, key: tuple[int, str]) -> None:
        # Called wherever garbage is collected, where closing it might wait for a lock
        # that this very thread has.
        beside = self._found.pop(key, None)
        if beside is not None:
            self._unused.append(beside)


def _do_nothing() -> None:
    pass


_besides: Final = _Besides()

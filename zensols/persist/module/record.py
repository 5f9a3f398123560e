"""What is known of one module: whether it is to be written, and what was."""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from ..error import PersistableError
from . import document
from .owner import Owner
from .rollback import Snapshot

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from .module import PersistentModule

__all__ = ["Record", "Taken", "running_loop"]

logger = logging.getLogger(__name__)

_LOOP_SECONDS: Final = 10.0
"""How long an event loop may be busy before its module's turn is over."""

_T = TypeVar("_T")

_tickets: Final = itertools.count(1)


class Taken(NamedTuple):
    """A module's state at one moment."""

    ticket: int
    """Tells which of two states is the newer."""

    data: bytes


def running_loop() -> AbstractEventLoop | None:
    """Return the event loop that runs in this thread.

    >>> running_loop() is None
    True

    """
    # It is not imported for this: without it, no loop runs.
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


class Record:
    """What is kept of a module beside its own attributes.

    Any thread may use it; states are taken where the module is at home (see
    :meth:`call`), and written one at a time.

    >>> from zensols.persist.module.record import Record
    >>> Record().is_kept
    False

    """

    def __init__(self) -> None:
        self.requested = False
        self.loop: AbstractEventLoop | None = None
        self.key = ""
        self.path = ""
        self._module: PersistentModule | None = None
        self._owner: Owner | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self._last: bytes | None = None
        self._on_file = False
        self._usable = True
        self._ticket = 0

    def __reduce__(self) -> tuple[type[Record], tuple[()]]:
        # A copy of a module is not kept.
        return type(self), ()

    def __deepcopy__(self, memo: object) -> Record:
        return type(self)()

    @property
    def is_kept(self) -> bool:
        """Whether this process keeps the module."""
        return self._pid == os.getpid()

    @property
    def module(self) -> PersistentModule:
        """The module; an error if there is none yet."""
        if self._module is None:
            raise PersistableError("This module is not constructed yet")
        return self._module

    def attach(self, module: PersistentModule, key: str, path: str) -> None:
        """Keep a module from now on.

        :param module: the module

        :param key: what it is called

        :param path: its file

        :raises PersistableError: if another process keeps it

        """
        owner = Owner(path, key)
        owner.claim()
        self._module, self.key, self.path, self._owner = module, key, path, owner
        self._pid = os.getpid()
        self.loop = running_loop() or self.loop

    def release(self) -> None:
        """Keep the module no longer."""
        self._pid = 0
        if self._owner is not None:
            self._owner.release()

    def restore_from_file(self) -> None:
        """Give the module the state that was kept.  Where that can't be read, or
        restored, the module is as it was, which is logged.

        """
        found = document.find(self.path)
        if found.problem is not None:
            logger.warning(
                "Module '%s' %s: %s",
                self.key,
                "is as it was constructed, since its files can't be read"
                if found.data is None
                else "is restored from its last good file",
                found.problem,
            )
        restored = found.data is None or self._restore(found.data)
        self._usable = restored and found.problem is None
        self._on_file = found.data is not None and self._usable
        self._note()

    def _restore(self, data: dict[str, Any]) -> bool:
        snapshot = self.snapshot()
        try:
            self.module.restore(data)
        except Exception:
            snapshot.put_back()
            logger.exception(
                "Module '%s' is as it was constructed, since its state in '%s' could "
                "not be restored",
                self.key,
                self.path,
            )
            return False
        return True

    def snapshot(self) -> Snapshot:
        """Return what the module has, to be put back."""
        return Snapshot(self.module, _is_module)

    def _note(self) -> None:
        """Take the module's state for the one that needs no writing."""
        try:
            self._last = self._take().data
        except Exception:  # noqa: BLE001  told when it is to be written
            self._last = None

    def _take(self) -> Taken:
        ticket = next(_tickets)
        data = self.module.backup()
        # Before anybody changes what is in it.
        return Taken(ticket, document.encode(data, f"module '{self.key}'"))

    def take(self, parked: AbstractEventLoop | None = None) -> Taken:
        """Return the module's state.

        :param parked: an event loop that stands still meanwhile

        :raises Exception: what the module's ``backup`` raises

        :raises PersistableError: if that can't be stored, or its event loop is busy

        """
        return self.call(self._take, parked)

    def call(
        self, function: Callable[[], _T], parked: AbstractEventLoop | None = None
    ) -> _T:
        """Call a function in the event loop that the module belongs to: that in
        which it was constructed or, later, asked for a backup.  Without any, as when
        the loop has ended, call it in this thread.

        :param function: what to call

        :param parked: an event loop that stands still meanwhile

        :raises PersistableError: if the loop has no time for that

        """
        loop = self.loop or _serving_loop()
        if (
            loop is None
            or loop is parked
            or not loop.is_running()
            or loop is running_loop()
        ):
            return function()
        future: Future[_T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function())
                except BaseException as e:  # noqa: BLE001  handed over
                    future.set_exception(e)

        try:
            loop.call_soon_threadsafe(run)
        except RuntimeError:
            # It has just been closed.
            return function()
        try:
            return future.result(_LOOP_SECONDS)
        except TimeoutError:
            if future.cancel() or not future.done():
                raise PersistableError(
                    f"Module '{self.key}' could not be asked for its state, since its "
                    f"event loop was busy for {_LOOP_SECONDS:.0f} seconds"
                ) from None
            raise

    def save(self, taken: Taken, *, requested: bool) -> bool:
        """Write a state, unless it has been written.

        :param taken: the state

        :param requested: whether to write one that did not change, if it is not in
                          the file

        :return: whether it was written

        :raises PersistableError: if another process writes the module, or the folder
                                  can't be made

        :raises OSError: if it can't be written

        """
        with self._lock:
            if taken.ticket < self._ticket or self._owner is None:
                return False
            if taken.data == self._last and (self._on_file or not requested):
                return False
            self._owner.claim_writing()
            document.replace(self.path, taken.data, usable=self._usable)
            self._ticket = taken.ticket
            self._last = taken.data
            self._on_file = self._usable = True
            return True

    def claim_writing(self) -> None:
        """See :meth:`.Owner.claim_writing`."""
        with self._lock:
            if self._owner is not None:
                self._owner.claim_writing()


def _serving_loop() -> AbstractEventLoop | None:
    """Return the loop in which NiceGUI serves, which is where a script's modules
    are changed that were constructed before it ran.

    """
    core = sys.modules.get("nicegui.core")
    loop: AbstractEventLoop | None = getattr(core, "loop", None)
    return loop


def _is_module(value: Any) -> bool:
    from .module import PersistentModule

    return isinstance(value, PersistentModule | Record)

"""The live modules of a program, and when they are written."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, Self

from ..error import PersistableError
from ..files import data_home
from .clock import Clock, SystemClock
from .document import document_path
from .journal import recover
from .naming import default_key
from .rerun import is_redefined, shares_attributes

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from .module import PersistentModule
    from .record import Record

__all__ = [
    "Keeper",
    "current_keeper",
    "kept_records",
    "release",
    "save_all",
]

logger = logging.getLogger(__name__)

INTERVAL: Final = 10.0
"""Seconds from one cycle to the next."""


class Keeper:
    """Keeps modules: those that are constructed in a ``with`` block of it, or, as
    there is always one, those that are constructed outside of any.

    Safe to use from several threads, though the modules of all of them are kept by
    the innermost that was entered last.

    >>> from zensols.persist.module import Keeper, ManualClock
    >>> with Keeper(interval=1, clock=ManualClock()) as keeper:
    ...     keeper.records
    []

    """

    def __init__(self, *, interval: float = INTERVAL, clock: Clock | None = None):
        """
        :param interval: how many seconds a requested backup waits at most; requests
                         in between are one write

        :param clock: what calls each cycle, such as a :class:`.ManualClock`; by
                      default the time that passes, in a thread

        """
        self._interval = interval
        self._clock = SystemClock() if clock is None else clock
        self._records: dict[str, Record] = {}
        self._lock = threading.RLock()
        self._stop: Callable[[], None] | None = None

    @property
    def records(self) -> list[Record]:
        """What is known of the modules."""
        with self._lock:
            return [record for record in self._records.values() if record.is_kept]

    def __enter__(self) -> Self:
        _keepers.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Write what changed, and keep the modules no longer."""
        if self not in _keepers:
            # This is a forked child, and the modules are its parent's.
            return
        try:
            self.flush()
        finally:
            _keepers.remove(self)
            with self._lock:
                records = self.records
                self._records.clear()
                stop, self._stop = self._stop, None
            if stop is not None:
                stop()
            for record in records:
                record.release()

    def adopt(self, module: PersistentModule, record: Record) -> None:
        """Keep a module, and give it the state that was kept.

        :param module: has just been constructed

        :param record: that of the module

        :raises PersistableError: if another has its key

        """
        cls = type(module)
        key = module.persistence_key or default_key(cls)
        folder = os.fspath(module.persistence_folder or data_home())
        folder = os.path.abspath(os.path.expanduser(folder))
        with self._lock:
            other = self._records.get(key)
        if other is not None and shares_attributes(module, other):
            return
        self._reserve(key, module, record)
        try:
            recover(folder)
            record.attach(module, key, document_path(folder, key))
            object.__setattr__(module, "persistence_key", key)
            record.restore_from_file()
        except BaseException:
            with self._lock:
                del self._records[key]
            record.release()
            raise
        self._start()

    def _reserve(self, key: str, module: PersistentModule, record: Record) -> None:
        with self._lock:
            other = self._records.get(key)
            if other is None:
                record.key = key
                self._records[key] = record
                return
        if is_redefined(other, type(module)):
            self.release(other)
            self._reserve(key, module, record)
            return
        there = _describe(other.module) if other.is_kept else "one in another thread"
        raise PersistableError(
            f"Two modules have the key '{key}': {there} and {_describe(module)}; give "
            "one of them another persistence_key"
        )

    def _start(self) -> None:
        from .shutdown import watch

        watch()
        _join_backups()
        with self._lock:
            if self._stop is None:
                self._stop = self._clock.every(self._interval, self.cycle)

    def cycle(self) -> None:
        """Write the modules that asked for it."""
        for record in self.records:
            if record.requested:
                record.requested = False
                if not self._save(record, requested=True):
                    record.requested = True

    def flush(self, parked: AbstractEventLoop | None = None) -> bool:
        """Write the modules that changed, whether they asked for it or not.

        :param parked: an event loop that stands still meanwhile

        :return: whether all could be written; errors are logged

        """
        done = True
        for record in self.records:
            requested, record.requested = record.requested, False
            if not self._save(record, requested=requested, parked=parked):
                record.requested, done = requested, False
        return done

    def _save(
        self,
        record: Record,
        *,
        requested: bool,
        parked: AbstractEventLoop | None = None,
    ) -> bool:
        try:
            record.save(record.take(parked), requested=requested)
        except Exception:
            logger.exception(
                "Module '%s' could not be written to '%s', whose old state stays; it "
                "is tried again",
                record.key,
                record.path,
            )
            return False
        return True

    def release(self, record: Record) -> None:
        """Write a module if it changed, and keep it no longer.

        :param record: that of the module

        :raises Exception: if it could not be written, in which case it is kept

        """
        if record.is_kept:
            record.save(record.take(), requested=record.requested)
            with self._lock:
                self._records.pop(record.key, None)
            record.release()


@cache
def _join_backups() -> None:
    from ..backup.modules import register_modules

    # So that a backup of the files has what is in memory.
    register_modules(save_all)


def _describe(module: PersistentModule) -> str:
    cls = type(module)
    return f"<{cls.__module__}.{cls.__qualname__} at {id(module):#x}>"


_keepers: Final[list[Keeper]] = [Keeper()]


def _forget() -> None:
    # Whose modules they are is the parent.
    _keepers[:] = [Keeper()]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def current_keeper() -> Keeper:
    """Return the keeper of modules that are constructed now.

    >>> current_keeper().records
    []

    """
    return _keepers[-1]


def kept_records() -> list[Record]:
    """Return what is known of all modules of this process.

    >>> kept_records()
    []

    """
    return [record for keeper in list(_keepers) for record in keeper.records]


def save_all(parked: AbstractEventLoop | None = None) -> bool:
    """Write all modules of this process that changed, now.  Not to be called in the
    event loop, since it waits for the disk.

    :param parked: an event loop that stands still meanwhile

    :return: whether all could be written; errors are logged, and these modules are
             tried again

    >>> from zensols.persist.module import save_all
    >>> save_all()
    True

    """
    results = [keeper.flush(parked) for keeper in list(_keepers)]
    return all(results)


def release(module: PersistentModule) -> None:
    """Write a module if it changed, and keep it no longer, so that it can be
    collected, and another one can have its key.

    :param module: the module

    :raises Exception: if it could not be written, in which case it is kept

    >>> from zensols.persist.module import PersistentModule, release
    >>> release(PersistentModule.__new__(PersistentModule))

    """
    from .module import record_of

    record = record_of(module)
    for keeper in tuple(_keepers):
        if record in keeper.records:
            keeper.release(record)

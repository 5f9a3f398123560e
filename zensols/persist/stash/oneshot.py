"""A stash that is filled in one go."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic

from ..domain import (
    DelegateStash,
    NoopStash,
    PrimablePreemptiveStash,
    PrimeableStash,
    Stash,
    V,
)
from ..error import APIError
from ..files import key_lock_path
from .directory import DirectoryStash

__all__ = ["OneShotFactoryStash"]

_RUN = "one-shot run"


@dataclass
class OneShotFactoryStash(PrimablePreemptiveStash[V], Generic[V]):
    """Fills its delegate, unless that has data, with all the pairs of keys and
    values that a *worker* makes, when first read.  The worker is the attribute,
    property or method ``worker``, set on the instance or defined by a subclass:
    the pairs themselves or what returns them when called.

    Threads that read this wait while one of them runs the worker; so do
    processes, if the delegate's :meth:`~.Stash.lock` excludes these, as that of
    :class:`.DirectoryStash` does.  If the worker raises, what it made is deleted.
    If its process is killed, that is left behind; the next instance to be read
    clears the delegate and runs the worker again, if :attr:`runs` tells it so.
    Without that, it takes what it finds for all.

    >>> from zensols.persist import DictionaryStash
    >>> stash = OneShotFactoryStash(DictionaryStash())
    >>> stash.worker = lambda: ((str(i), i ** 2) for i in range(3))
    >>> dict(stash)
    {'0': 0, '1': 1, '2': 4}

    """

    runs: Stash[None] | None = field(default=None, kw_only=True)
    """Where to note that the worker runs; must be this delegate's own.  By default
    a hidden folder beside the delegate's if that is a :class:`.DirectoryStash`, or
    in front of one, else nowhere.
    """

    _done = False
    _running = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.worker: Any

    def _get_worker_type(self) -> str:
        """Return what :attr:`worker` is: ``m`` to call it, ``a`` for the pairs
        themselves, or ``u``, the default, for what it looks like.

        """
        return "u"

    def _make_pairs(self) -> Iterable[tuple[str, V]]:
        kind = self._get_worker_type()
        if kind not in {"m", "a", "u"}:
            raise APIError(
                f"Unknown type of the worker of {type(self).__name__}: {kind!r}; "
                "use 'm', 'a' or 'u'"
            )
        if "worker" not in self.__dict__ and not hasattr(type(self), "worker"):
            raise AttributeError(
                f"{type(self).__name__} has no worker: set its attribute 'worker' "
                "to pairs of keys and values, or to a function that returns them"
            )
        worker = self.worker
        if kind == "m" or (kind == "u" and callable(worker)):
            worker = worker()
        pairs: Iterable[tuple[str, V]] = worker
        return pairs

    def _find_runs(self) -> Stash[None]:
        if self.runs is not None:
            return self.runs
        stash: Stash[Any] = self.delegate
        while isinstance(stash, DelegateStash):
            stash = stash.delegate
        if isinstance(stash, DirectoryStash):
            folder = os.path.dirname(key_lock_path(str(stash.path), _RUN))
            return DirectoryStash(Path(folder), "{name}.unfinished", codec=stash.codec)
        return NoopStash()

    def prime(self) -> None:
        """Run the worker, unless that was done."""
        # Not the delegate's: it primes itself if it is read.
        super(PrimeableStash, self).prime()
        if not self._done:
            with self.lock(_RUN):
                self._run_once()

    def _run_once(self) -> None:
        # Others may have done it while this thread waited for the lock, which it
        # also gets if it is the worker that reads this.
        if not (self._done or self._running):
            self._running = True
            try:
                self._run()
            finally:
                self._running = False
            self._done = True

    def _run(self) -> None:
        runs = self._find_runs()
        if runs.exists(_RUN):
            self.delegate.clear()
        self._reset_has_data()
        if not self.has_data:
            self._fill(runs)
            self._reset_has_data()
        runs.delete(_RUN)

    def _fill(self, runs: Stash[None]) -> None:
        made: list[str] = []
        runs.dump(_RUN, None)
        try:
            for key, value in self._make_pairs():
                made.append(key)
                self.delegate.dump(key, value)
        except BaseException:
            for key in made:
                self.delegate.delete(key)
            runs.delete(_RUN)
            raise

    def clear(self) -> None:
        super().clear()
        self._done = False

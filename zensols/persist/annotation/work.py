"""One lazily created value of an object."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import get_ident
from typing import Any, Self, TextIO

from ..error import PersistableError
from ..missing import MISSING
from .file_store import FileStore
from .lock import locked
from .memory import WorkMemory
from .reuse import check_value
from .stash_store import StashStore, resolve_stash
from .store import Store
from .text import FileTextUtil

__all__ = ["PersistedWork"]


class PersistedWork(WorkMemory):
    """One value of an object, computed when first asked for and kept in memory
    and, if given a :class:`~pathlib.Path`, on disk.

    Calling the work returns the value.  Whoever asks for an absent value waits
    if another thread or, for one on disk, another process is computing it.  A
    computation may ask for the same value, or for that of a method decorated
    with the same name: the outermost result is the one that is kept.

    Usually made by :func:`.persisted`, or in the constructor of a class for the
    methods decorated with the name of the attribute.

    >>> from zensols.persist.annotation import PersistedWork
    >>> class Corpus:
    ...     def __init__(self):
    ...         self._size = PersistedWork("_size", self)
    ...         self._size.worker = lambda: print("counting") or 3
    >>> corpus = Corpus()
    >>> corpus._size()
    counting
    3
    >>> corpus._size()
    3
    >>> corpus._size.clear()
    >>> corpus._size()
    counting
    3

    """

    __slots__ = ()

    def __init__(
        self,
        path: str | Path,
        owner: Any,
        cache_global: bool = False,
        transient: bool = False,
        initial_value: Any = None,
        mkdir: bool = False,
        deallocate_recursive: bool = False,
        recover_empty: bool = False,
    ) -> None:
        """
        :param path: the file that keeps the value, if a :class:`~pathlib.Path`;
                     one relative to a folder is looked for in the current one
                     at each use.  If a string, only names the value, which then
                     is kept in memory

        :param owner: the object that the value belongs to

        :param cache_global: whether all instances of the owner's class share the
                             value

        :param transient: whether to leave the value out of the pickled owner, so
                          that it is computed again

        :param initial_value: the value, if not None

        :param mkdir: whether to make the folder of the file

        :param deallocate_recursive: whether to deallocate what is in a container
                                     that is the value

        :param recover_empty: whether to compute the value again if the file is
                              empty or truncated, rather than raise

        """
        super().__init__()
        self._reset()
        self.use_disk = isinstance(path, Path)
        self.path = Path(path)
        self.varname = self._to_varname(owner, path)
        self.transient = transient
        self.mkdir = mkdir
        self.deallocate_recursive = deallocate_recursive
        self.recover_empty = recover_empty
        self.worker: Callable[..., Any] | None = None
        self._cache_global = cache_global
        self._owner = owner
        if initial_value is not None:
            self.set(initial_value)

    @staticmethod
    def _to_varname(owner: Any, path: str | Path) -> str:
        cls = type(owner)
        if isinstance(path, Path):
            path = FileTextUtil.normalize_text(str(path.absolute()), "_")
        return f"_{cls.__module__}.{cls.__name__}_{path}_pwvinst"

    def _store(self) -> Store | None:
        definition = self._found_definition
        stash = None if definition is None else definition.stash
        if definition is not None and stash is not None and self._owner is not None:
            if self.use_disk:
                raise PersistableError(
                    f"Work {self.varname} has both a file, {self.path}, and a stash: "
                    "leave one out"
                )
            resolved = resolve_stash(stash, self._owner)
            key = definition.key_of(self._owner)
            return StashStore(resolved, key, definition.fingerprint)
        if self.use_disk:
            codec = None if definition is None else definition.codec
            options = (self.mkdir, self.recover_empty, codec, self._fingerprint)
            return FileStore(self.path, *options)
        return None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the value: that in memory, else that on disk, else a new one.

        Safe to use from several threads and processes.

        :param args: passed to the worker, which may not be called

        :param kwargs: passed to the worker

        :raises PersistableError: if there is no owner or worker, or the value
                                  can't be read from or written to disk

        :raises LockTimeoutError: if another thread or process has been computing
                                  it for too long

        """
        try:
            return self._value_at_hand
        except AttributeError:
            pass
        self._require_owner()
        definition = self._found_definition
        timeout = None if definition is None else definition.lock_timeout
        with locked(self._lock_holder, timeout) as left:
            value = self._recall()
            if value is MISSING:
                value = self._obtain(left, args, kwargs)
        return value

    def _obtain(
        self, timeout: float | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        # What is computed for a computation of this very value is replaced by
        # its result, and never written.
        store = None if self._is_busy else self._store()
        try:
            if store is None:
                value, _ = self._compute(args, kwargs)
            else:
                value = store.load()
                if value is MISSING:
                    store.prepare()
                    with store.lock(timeout):
                        value = store.load()
                        if value is MISSING:
                            value, seconds = self._compute(args, kwargs)
                            store.dump(value, seconds)
        except BaseException:
            if not self._is_busy:
                # What it computed on the way must not be taken for the result.
                self._discard()
            raise
        self._keep(value)
        return value

    def _compute(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, float]:
        outer, self._computing = self._computing, get_ident()
        start = time.perf_counter()
        try:
            value = self.__do_work__(*args, **kwargs)
        finally:
            self._computing = outer
        check_value(value, self.varname)
        return value, time.perf_counter() - start

    def __do_work__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the value.  Calls the worker unless a subclass overrides this.

        :param args: what the work was called with

        :param kwargs: what the work was called with

        :raises PersistableError: if there is no worker

        """
        definition = self._found_definition
        worker = self.worker
        if definition is not None:
            worker = worker or definition.function
            if worker is definition.function and not args:
                args = (self._owner,)
        if worker is None:
            raise PersistableError(
                f"Work {self.varname} has no worker: set one, or decorate a method "
                "with the name of the attribute that holds the work"
            )
        return worker(*args, **kwargs)

    def clear(self) -> None:
        """Drop the value from memory, the shared one included, and from disk, so
        that it will be computed again.

        Safe to use from several threads; waits for one that is computing it.

        :raises PersistableError: if the file can't be deleted

        """
        with locked(self._lock_holder):
            store = self._store()
            if store is not None:
                store.delete()
            self._discard()

    def write(
        self,
        indent: int = 0,
        include_content: bool = False,
        writer: TextIO | None = None,
    ) -> None:
        """Write a description of this work and its value, which is computed if it
        isn't there.

        :param indent: how many blanks to begin each line with

        :param include_content: whether to write the value too

        :param writer: by default, the standard output

        """
        value = self()
        lines = [
            str(self),
            f" global: {self.cache_global}",
            f" transient: {self.transient}",
            f" type: {type(value)}",
        ]
        if include_content:
            lines.append(f" content: {value}")
        out = sys.stdout if writer is None else writer
        out.writelines(f"{' ' * indent}{line}\n" for line in lines)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.update(owner=None, worker=None, cache_global=self._cache_global)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._reset()
        state = dict(state)
        self._owner = state.pop("owner", None)
        self._cache_global = state.pop("cache_global", False)
        self.__dict__.update(state)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        clone = self._clone(memo.get(id(self._owner)))
        memo[id(self)] = clone
        if self._holds_alone and clone._owner is not None:
            clone._value_at_hand = copy.deepcopy(self._value_at_hand, memo)
        return clone

    def _clone(self, owner: Any) -> Self:
        """Return a work like this one, without a value.

        :param owner: its owner

        """
        clone = type(self).__new__(type(self))
        clone.__setstate__(self.__getstate__())
        clone.worker = self.worker
        clone._owner = owner
        return clone

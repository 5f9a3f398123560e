"""The LMDB environments of a process, one for each folder, as LMDB demands."""

from __future__ import annotations

import os
import threading
from typing import Final
from weakref import WeakSet, WeakValueDictionary

from .lmdbfrozen import FreezableEnvironment

__all__ = ["find_environment"]


class _Registry:
    """The environments of this process that some stash uses, by folder."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._known: WeakValueDictionary[str, FreezableEnvironment] = (
            WeakValueDictionary()
        )
        # Also those whose file is no longer that of their folder.
        self._all: WeakSet[FreezableEnvironment] = WeakSet()
        self._suspended: list[FreezableEnvironment] = []

    def find(self, folder: str, map_size: int, *, sync: bool) -> FreezableEnvironment:
        with self._guard:
            environment = self._known.get(folder)
            if environment is None or not environment.is_current():
                environment = FreezableEnvironment(folder, map_size, sync=sync)
                self._known[folder] = environment
                self._all.add(environment)
        if sync:
            environment.strengthen()
        return environment

    def before_fork(self) -> None:
        self._guard.acquire()
        self._suspended = [e for e in list(self._all) if e.suspend()]

    def after_in_parent(self) -> None:
        suspended, self._suspended = self._suspended, []
        for environment in suspended:
            environment.resume()
        self._guard.release()

    def after_in_child(self) -> None:
        self._suspended = []
        self._guard = threading.RLock()
        for environment in list(self._all):
            environment.forget()


_registry: Final = _Registry()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_registry.before_fork,
        after_in_parent=_registry.after_in_parent,
        after_in_child=_registry.after_in_child,
    )


def find_environment(
    path: str | os.PathLike[str], map_size: int, *, sync: bool
) -> FreezableEnvironment:
    """Return this process's environment of a folder.  It is closed when nobody
    refers to it any more.

    :param path: the folder

    :param map_size: how many bytes to map at first, if it isn't open

    :param sync: whether writing waits for the disk; it does so as long as one of
                 those who use the environment want it

    :raises PersistableError: if the package for it is not installed

    """
    return _registry.find(os.path.realpath(path), map_size, sync=sync)

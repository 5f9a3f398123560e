"""Folders for what travels between a program and its workers."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import Final

from zensols.persist.error import PersistableError
from zensols.persist.files import path_lock

__all__ = ["scratch_folder"]

_PREFIX: Final = "zensols-multi-"
_NEW: Final = 60.0
"""For how many seconds a folder's owner may yet have to lock it."""

_ours: Final[set[str]] = set()
"""Those of this process, whose locks a thread that has one may enter again."""


@contextmanager
def scratch_folder() -> Iterator[str]:
    """Make a folder for temporary files that only this user can enter, and remove it
    in the end.  Those of programs that were killed are removed by the next one.

    Safe to use from many threads and processes.

    >>> with scratch_folder() as folder:
    ...     os.path.isdir(folder)
    True
    >>> os.path.exists(folder)
    False

    """
    _sweep()
    folder = mkdtemp(prefix=_PREFIX)
    _ours.add(folder)
    try:
        # The kernel frees it when this process is dead, and the workers that it
        # has forked are.
        with path_lock(_lock_of(folder)):
            yield folder
    finally:
        rmtree(folder, ignore_errors=True)
        _ours.discard(folder)


def _lock_of(folder: str) -> str:
    return os.path.join(folder, "lock")


def _sweep() -> None:
    with os.scandir(gettempdir()) as entries:
        found = [entry.path for entry in entries if entry.name.startswith(_PREFIX)]
    for folder in found:
        if folder in _ours:
            continue
        try:
            status = os.lstat(folder)
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            if is_ours and time.time() - status.st_mtime > _NEW:
                with path_lock(_lock_of(folder), timeout=0):
                    rmtree(folder, ignore_errors=True)
        except (OSError, PersistableError):
            # In use, or removed by somebody else.
            continue

"""What tells that a file has not been written since it was looked at."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from struct import Struct
from typing import Final

from ..files import on_network
from .folder import StashFolder

__all__ = ["file_stamp", "stamp_of", "stamps"]

_STAMP: Final = Struct("<qqQQQ")
_TICK: Final = 50_000_000
"""Nanoseconds within which the clocks of local file systems tick, with some to
spare: Linux' does each 1 to 10 ms.
"""

_SECOND: Final = 1_000_000_000
_COARSE: Final = 2 * _SECOND
"""The same of those that only know whole seconds, or, such as FAT, even ones."""


def stamp_of(status: os.stat_result, now: int) -> bytes:
    """Return what tells that a file hasn't been written since, or nothing if it was
    written so lately that it could be again without its times showing it.

    Each write of a stash makes a new file, and even one in place changes a time (as
    Git has it for its index: Documentation/technical/racy-git.txt).

    :param status: what the file system tells of it

    :param now: the time before that, in nanoseconds

    >>> stamp_of(os.stat(os.sep), time.time_ns()) == stamp_of(os.stat(os.sep), 0)
    False

    """
    written, changed = status.st_mtime_ns, status.st_ctime_ns
    latest = max(written, changed)
    if latest >= now - _TICK or (not latest % _SECOND and latest >= now - _COARSE):
        return b""
    return _STAMP.pack(written, changed, status.st_size, status.st_ino, status.st_dev)


def file_stamp(path: str, *others: str) -> bytes | None:
    """Return the stamps of files, see :func:`stamp_of`.

    :param path: a file

    :param others: others, which need not be there

    :return: None if the first isn't there, or there is no telling

    """
    now = time.time_ns()
    found = []
    for number, name in enumerate((path, *others)):
        try:
            status = os.stat(name)
        except OSError:
            if number == 0:
                return None
            found.append(b"-")
            continue
        stamp = b"" if on_network(status.st_dev) else stamp_of(status, now)
        if not stamp:
            return None
        found.append(stamp)
    return b"".join(found)


def stamps(folder: StashFolder) -> Iterator[tuple[str, bytes]] | None:
    """Return pairs of the keys of a folder's files and their stamps, see
    :func:`stamp_of`.

    :param folder: the folder

    :return: the pairs, lazily, or None if it is on a network file system, the clocks
             of which are another machine's

    :raises PersistableError: if the folder can't be listed

    """
    try:
        if on_network(os.stat(folder.text).st_dev):
            return None
    except OSError:
        return None
    return _stamps(folder)


def _stamps(folder: StashFolder) -> Iterator[tuple[str, bytes]]:
    now = time.time_ns()
    for key, entry in folder.entries():
        try:
            status = entry.stat()
        except OSError:
            # Deleted since it was listed.
            continue
        yield key, stamp_of(status, now)

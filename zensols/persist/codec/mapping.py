"""Mapping parts of files into memory, within what a process may map."""

from __future__ import annotations

import mmap
import os
from functools import cache
from weakref import WeakSet

from ..files import on_network

__all__ = ["map_file"]

_live: WeakSet[mmap.mmap] = WeakSet()


def map_file(fd: int, size: int, writable: bool) -> memoryview | None:
    """Map a whole file.

    :param fd: the open file, which can be closed afterwards

    :param size: its size in bytes

    :param writable: whether the memory can be written to, copying each page that
                     is; the file never changes

    :return: the memory; None if the file should be read instead, since it is on
             a network file system or this process has many maps

    """
    if os.name == "nt" or len(_live) >= limit() or on_network(os.fstat(fd).st_dev):
        # (A mapped file can't be replaced on Windows.)
        return None
    access = mmap.ACCESS_COPY if writable else mmap.ACCESS_READ
    try:
        mapped = mmap.mmap(fd, size, access=access)
    except OSError:
        return None
    _live.add(mapped)
    return memoryview(mapped)


@cache
def limit() -> int:
    """Return how many files may be mapped at once: a quarter of the maps and of
    the open files (each map holds one) that the system allows this process.

    """
    import resource

    limits = [65530]
    try:
        with open("/proc/sys/vm/max_map_count") as file:
            limits.append(int(file.read()))
    except OSError:
        pass
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY:
        limits.append(files)
    return min(limits) // 4

"""Prints by how many bytes iterating the keys of a store raises this process's
memory: ``python -m benchmark.iteration URL iterate|list|resident``, the last of
which is by how many bytes of the store's files are mapped.

"""

from __future__ import annotations

import gc
import resource
import sys
from pathlib import Path

__all__ = ["own_memory"]

_STATUS = Path("/proc/self/status")
_EVERY = 1000


def own_memory() -> int:
    """Return how much memory this process has to itself."""
    if _STATUS.exists():
        return _status("RssAnon")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def _mapped() -> int:
    """Return how much of files, in memory file systems too, it has mapped."""
    return _status("RssFile") + _status("RssShmem") if _STATUS.exists() else 0


def _status(name: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    return 0


def measure(url: str, way: str) -> int:
    """Return by how many bytes the memory grows at most.

    :param url: the store's

    :param way: whether to only ``iterate``, to make a ``list``, or to tell of
        files' pages instead, which are ``resident``

    """
    from zensols.persist import open_stash

    stash = open_stash(url)
    # What is imported and allocated once is not the iterating's doing.
    next(iter(stash.keys()))
    gc.collect()
    look = _mapped if way == "resident" else own_memory
    peak = before = look()
    kept = []
    for number, key in enumerate(stash.keys()):
        if way == "list":
            kept.append(key)
        if number % _EVERY == 0:
            peak = max(peak, look())
    return max(peak, look()) - before


if __name__ == "__main__":
    print(measure(sys.argv[1], sys.argv[2]))

"""Prints by how many bytes dumping an array raises this process's peak of
resident memory: ``python -m benchmark.peak STORE BYTES``.

"""

from __future__ import annotations

import gc
import resource
import sys
from contextlib import ExitStack
from pathlib import Path

from .arrays import make_array, open_array_store
from .workspace import new_folder

__all__: list[str] = []

_STATUS = Path("/proc/self/status")
_WARM_UP_BYTES = 8 << 20


def _reset_peak() -> None:
    """Forget the peak of the interpreter's start, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _peak() -> int:
    # On Linux, getrusage() also remembers the peak of the process that started
    # this one.
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def measure(name: str, size: int) -> int:
    """Return by how many bytes the peak grows.

    :param name: the store

    :param size: the array's

    """
    with ExitStack() as stack:
        folder = stack.enter_context(new_folder())
        store = open_array_store(name, folder, stack)
        # What is imported and allocated once is not the array's doing.
        store.dump(store.address("warm-up"), make_array(_WARM_UP_BYTES))
        array = make_array(size)
        gc.collect()
        _reset_peak()
        before = _peak()
        store.dump(store.address("array"), array)
        return _peak() - before


if __name__ == "__main__":
    print(measure(sys.argv[1], int(sys.argv[2])))

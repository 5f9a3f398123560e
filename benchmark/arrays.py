"""A large array at rest: time, and memory beside the array's own."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .peers import RAW, Store, installed, open_store
from .row import OURS, Bar, Case
from .timing import Contender, Measurement, Settings, interleave, time_all
from .workspace import ROOT, new_folder

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

__all__ = ["CASES", "make_array", "open_array_store"]

MAPPED = "numpy, mapped"
STORES = (RAW, OURS, "joblib", "numpy", MAPPED, "diskcache", "zict.File")


def make_array(size: int) -> Array:
    """Return an array whose pages are all there.

    :param size: bytes

    """
    import numpy as np

    return np.arange(size // 8, dtype=np.float64)


def open_array_store(name: str, folder: Path, stack: ExitStack) -> Store:
    """Open a store.

    :param name: one of :data:`STORES`

    :param folder: where to make the folder for its files

    :param stack: closes it

    :raises ModuleNotFoundError: if it is not installed

    """
    opener = {RAW: _raw, "numpy": _numpy, MAPPED: _numpy}.get(name)
    if opener is None:
        return open_store(name, folder, stack)
    return opener(name, folder)


def _raw(name: str, folder: Path) -> Store:
    import numpy as np

    def dump(path: str, array: Array) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(fd, array.data)
        os.close(fd)

    def load(path: str) -> Array:
        with open(path, "rb") as file:
            return np.frombuffer(file.read(), np.float64)

    return Store(name, dump, load, address=lambda key: f"{folder}/{key}.raw")


def _numpy(name: str, folder: Path) -> Store:
    import numpy as np

    return Store(
        name,
        np.save,
        functools.partial(np.load, mmap_mode="c" if name == MAPPED else None),
        address=lambda key: f"{folder}/{name}-{key}.npy",
    )


def _measure(
    statement: str, settings: Settings, *, omit: str | None = None
) -> list[Measurement]:
    array = make_array(settings.array_bytes)
    with ExitStack() as stack:
        folder = stack.enter_context(new_folder())
        contenders = []
        for name in STORES:
            if name != omit:
                with installed(name):
                    store = open_array_store(name, folder, stack)
                    address = store.address("array")
                    store.dump(address, array)
                    scope = {
                        "key": address,
                        "array": array,
                        "dump": store.dump,
                        "load": store.load,
                    }
                    contenders.append(Contender(name, statement, scope))
        return time_all(contenders, settings.few_rounds, settings.sample_seconds)


def _load(settings: Settings) -> list[Measurement]:
    return _measure("load(key)", settings)


def _use(settings: Settings) -> list[Measurement]:
    return _measure("load(key).sum()", settings)


def _dump(settings: Settings) -> list[Measurement]:
    return _measure("dump(key, array)", settings, omit=MAPPED)


def _memory(settings: Settings) -> list[Measurement]:
    samplers: dict[str, Callable[[], float]] = {}
    for name in STORES:
        if name != MAPPED:
            with installed(name), new_folder() as folder, ExitStack() as stack:
                open_array_store(name, folder, stack)
                samplers[name] = functools.partial(_growth, name, settings.array_bytes)
    return interleave(samplers, min(3, settings.few_rounds))


def _growth(name: str, size: int) -> float:
    command = [sys.executable, "-m", "benchmark.peak", name, str(size)]
    return float(subprocess.check_output(command, cwd=ROOT, text=True))


CASES = (
    Case(
        "array-load",
        "load an array (256 MiB)",
        RAW,
        _load,
        Bar(0.002, "value"),
        note="The baseline reads all bytes; ours maps them, and checks no buffer.",
    ),
    Case(
        "array-use",
        "load an array, add up its items",
        RAW,
        _use,
        note="Mapped pages are fetched here, when they are used.",
    ),
    Case(
        "array-dump",
        "dump an array (256 MiB)",
        RAW,
        _dump,
        Bar(2),
        note="The baseline is one raw write of the bytes.",
    ),
    Case(
        "array-memory",
        "memory that dumping an array needs",
        RAW,
        _memory,
        Bar(32 << 20, "value"),
        unit="bytes",
        note=(
            "By how much the peak of resident memory grows, the array being there, in a "
            "process of its own."
        ),
    ),
)
"""What this module measures."""

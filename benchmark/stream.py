"""Prints by how many bytes storing numbers from a generator in LMDB raises the memory
of the process that has the workers: ``python -m benchmark.stream COUNT ours|map``,
by our stash, or by a bare process pool.

"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from zensols.persist import LmdbStash

from .iteration import own_memory
from .labour import Labour, nothing, store_one
from .workspace import new_folder

__all__: list[str] = []

_WORKERS = 2
_SIZE = 1000
_WARM_UP = 1000
_EVERY_SECONDS = 0.02


class _Peak:
    """The most memory that this process has while items are taken and afterwards."""

    def __init__(self) -> None:
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        gc.collect()
        self._most = self._before = own_memory()

    def watch(self, items: Iterable[int]) -> Iterator[int]:
        """Yield items, and look from the first one on."""
        # By then there are workers; forking them beside a thread is unsafe.
        self._thread.start()
        yield from items

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            self._most = max(self._most, own_memory())

    def end(self) -> int:
        """Return by how many bytes it has grown at most."""
        self._ended.set()
        self._thread.join()
        return max(self._most, own_memory()) - self._before


class _Streamed(Labour):
    """Takes its items from a generator."""

    def __init__(self, folder: Path, count: int, peak: _Peak | None = None) -> None:
        super().__init__(LmdbStash(folder), nothing, count, workers=_WORKERS)
        self.peak = peak

    def _create_data(self) -> Iterable[int]:
        return _stream(self.count, self.peak)

    def __getstate__(self) -> dict[str, Any]:
        # It is the parent's alone.
        return {**super().__getstate__(), "peak": None}


def _stream(count: int, peak: _Peak | None) -> Iterator[int]:
    items = (number for number in range(count))
    return items if peak is None else peak.watch(items)


def _fill_ours(folder: Path, count: int, peak: _Peak | None = None) -> None:
    _Streamed(folder, count, peak).prime()


def _fill_bare(folder: Path, count: int, peak: _Peak | None = None) -> None:
    work = partial(store_one, f"lmdb:{folder}", nothing)
    with ProcessPoolExecutor(_WORKERS) as pool:
        # Starts the workers.
        pool.submit(int).result()
        for _ in pool.map(work, _stream(count, peak), chunksize=_SIZE):
            pass


_WAYS = {"ours": _fill_ours, "map": _fill_bare}


def measure(count: int, way: str) -> int:
    """Return by how many bytes the memory grows at most.

    :param count: how many numbers to store

    :param way: who does it

    """
    fill = _WAYS[way]
    with new_folder() as folder:
        # What is imported and allocated once is not the items' doing.
        fill(folder / "warm-up", _WARM_UP)
        peak = _Peak()
        fill(folder / "data", count, peak)
        grown = peak.end()
        stored = len(LmdbStash[int](folder / "data"))
        if stored != count:
            raise RuntimeError(f"{way} stored {stored} items and not {count}")
        return grown


if __name__ == "__main__":
    print(measure(int(sys.argv[1]), sys.argv[2]))

"""Folders that are filled by turns, by our stash and by bare executors."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any

from zensols.persist import DirectoryStash

from .labour import Do, Labour, store_one
from .timing import Measurement, Settings, interleave
from .workspace import new_folder

__all__ = ["WORKERS", "Fill", "best_of", "compare", "fill_bare", "fill_ours"]

WORKERS = 2
"""How many work, unless it is said."""

_MOST_ROUNDS = 3

Fill = Callable[[Path], object]
"""Fills a folder that isn't there yet."""


def compare(
    fillers: Mapping[str, Fill],
    count: int,
    settings: Settings,
    *,
    short: bool = False,
) -> list[Measurement]:
    """Measure by turns how long it takes to fill a folder.

    :param fillers: what fills it, by contender

    :param count: how many items have to be there in the end

    :param settings: how much to measure

    :param short: whether that takes so little time that it can be done often

    """
    rounds = settings.few_rounds
    if not short:
        rounds = min(_MOST_ROUNDS, rounds)
    with new_folder() as folder:
        samplers = {
            name: partial(_sample, fill, folder, count)
            for name, fill in fillers.items()
        }
        return interleave(samplers, rounds)


def _sample(fill: Fill, folder: Path, count: int) -> float:
    # With room for what is kept beside the stash.
    own = Path(mkdtemp(dir=folder))
    start = time.perf_counter()
    fill(own / "data")
    taken = time.perf_counter() - start
    stored = len(DirectoryStash(own / "data"))
    if stored != count:
        raise RuntimeError(f"{fill} stored {stored} items and not {count}")
    shutil.rmtree(own)
    return taken


def best_of(
    measurements: Sequence[Measurement], names: Sequence[str], title: str
) -> list[Measurement]:
    """Return measurements after one that repeats the quickest of some of them.

    :param measurements: all of them

    :param names: the contenders to choose from

    :param title: what to call the quickest

    >>> found = [Measurement("a", (3, 1, 3)), Measurement("b", (2, 2, 2))]
    >>> best_of(found, ["a", "b"], "best")[0]
    Measurement(name='best', values=(2, 2, 2))

    """
    candidates = [m for m in measurements if m.name in names]
    best = min(candidates, key=lambda m: median(m.values))
    return [Measurement(title, best.values), *measurements]


def fill_ours(do: Do, count: int, path: Path, **options: Any) -> None:
    """Have our stash fill a folder.

    :param do: works on an item

    :param count: how many there are

    :param path: the folder

    :param options: those of the stash

    """
    options = {"workers": WORKERS, **options}
    Labour(DirectoryStash(path), do, count, **options).prime()


def fill_bare(do: Do, count: int, size: int, path: Path) -> None:
    """Have a process pool fill a folder.

    :param do: works on an item

    :param count: how many there are

    :param size: how many a chunk has

    :param path: the folder

    """
    work = partial(store_one, f"dir:{path}", do)
    with ProcessPoolExecutor(WORKERS) as pool:
        for _ in pool.map(work, range(count), chunksize=size):
            pass

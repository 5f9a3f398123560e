"""Stashes that are filled in parallel, beside bare executors that do the same."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from .executors import dask_client, joblib_processes, loky_processes
from .filling import Fill, best_of, compare, fill_bare, fill_ours
from .labour import Do, even, last, nap, nothing, scattered, store_all, store_one
from .row import OURS, Bar, Case
from .timing import Measurement, Settings, interleave
from .workspace import ROOT, new_folder

__all__ = ["CASES"]

_CHAPTER = "Parallel work"

_SIZES = (5, 20, 100, 500)
"""The chunk sizes that one would try by hand."""
_DASK_SIZE = 100
_MANY_WORKERS = 8

_BARE = "bare ProcessPoolExecutor.map"
_BEST = "the best chunk size by hand"
_ALONE = "one worker"
_JOBLIB = "joblib.Parallel"
_CLIENT = "Client.map"


def _bare_fillers(do: Do, count: int) -> dict[str, Fill]:
    return {
        f"{_BARE}, chunks of {size}": partial(fill_bare, do, count, size)
        for size in _SIZES
    }


def _even(settings: Settings) -> list[Measurement]:
    count = settings.worked
    bare = _bare_fillers(even, count)
    fillers: dict[str, Fill] = {OURS: partial(fill_ours, even, count), **bare}
    return best_of(compare(fillers, count, settings), list(bare), _BARE)


def _scattered(settings: Settings) -> list[Measurement]:
    return _uneven(scattered, settings)


def _last(settings: Settings) -> list[Measurement]:
    return _uneven(partial(last, settings.worked), settings)


def _uneven(do: Do, settings: Settings) -> list[Measurement]:
    count = settings.worked
    ours = partial(fill_ours, do, count)
    by_hand: dict[str, Fill] = {
        f"{OURS}, chunks of {size}": partial(ours, chunk_size=size) for size in _SIZES
    }
    split = partial(ours, chunk_size=count // 2)
    fillers: dict[str, Fill] = {OURS: ours, **by_hand, f"{OURS}, an even split": split}
    return best_of(compare(fillers, count, settings), list(by_hand), _BEST)


def _napping(settings: Settings) -> list[Measurement]:
    count = settings.naps
    # One worker would otherwise be this process.
    ours = partial(fill_ours, nap, count, engine="processes")
    fillers = {
        _ALONE: partial(ours, workers=1),
        OURS: partial(ours, workers=_MANY_WORKERS),
    }
    return compare(fillers, count, settings)


def _empty(settings: Settings) -> list[Measurement]:
    count = settings.worked
    with joblib_processes() as (run, stop):

        def anew(path: Path) -> None:
            stop()
            run(partial(store_one, f"dir:{path}", nothing), range(count))

        fillers: dict[str, Fill] = {
            _JOBLIB: anew,
            OURS: partial(fill_ours, nothing, count),
            **_bare_fillers(nothing, count),
        }
        return compare(fillers, count, settings, short=True)


def _empty_running(settings: Settings) -> list[Measurement]:
    count = settings.worked
    with joblib_processes() as (run, _), loky_processes() as executor:

        def running(path: Path) -> None:
            run(partial(store_one, f"dir:{path}", nothing), range(count))

        ours = partial(fill_ours, nothing, count)
        fillers: dict[str, Fill] = {
            _JOBLIB: running,
            OURS: partial(ours, engine=executor),
            f"{OURS}, starting its own": ours,
        }
        with new_folder() as folder:
            # Has them run.
            for number, fill in enumerate(fillers.values()):
                fill(folder / str(number))
        return compare(fillers, count, settings, short=True)


def _dask(settings: Settings) -> list[Measurement]:
    count = settings.worked
    with dask_client() as client:

        def bare(path: Path) -> None:
            work = partial(store_all, f"dir:{path}", even)
            starts = range(0, count, _DASK_SIZE)
            chunks = [range(n, min(n + _DASK_SIZE, count)) for n in starts]
            client.gather(client.map(work, chunks, pure=False))

        ours = partial(fill_ours, even, count, chunk_size=_DASK_SIZE, engine=client)
        return compare({_CLIENT: bare, OURS: ours}, count, settings)


def _memory(settings: Settings) -> list[Measurement]:
    ways = {_BARE: "map", OURS: "ours"}
    samplers = {
        name: partial(_growth, settings.many, way) for name, way in ways.items()
    }
    return interleave(samplers, min(2, settings.few_rounds))


def _growth(count: int, way: str) -> float:
    command = [sys.executable, "-m", "benchmark.stream", str(count), way]
    return float(subprocess.check_output(command, cwd=ROOT, text=True))


_SAME = "Both write the same files, and ours a record of what is done besides."
_UNEVEN = (
    "All are ours.  The baseline is the best of those with a chunk size; an even split "
    "gives half of the items to each of the 2 processes."
)

CASES = (
    Case(
        "parallel-even",
        "work on 10,000 items of 1 ms in 2 processes",
        _BARE,
        _even,
        Bar(1.1),
        note=f"The baseline is the best of those with a chunk size.  {_SAME}",
        chapter=_CHAPTER,
    ),
    Case(
        "parallel-scattered",
        "work on 10,000 uneven items: one in a hundred takes 50 ms",
        _BEST,
        _scattered,
        Bar(1.1),
        note=f"Which these are is random, but the same each time.  {_UNEVEN}",
        chapter=_CHAPTER,
    ),
    Case(
        "parallel-last",
        "work on 10,000 uneven items: the last hundredth takes 50 ms each",
        _BEST,
        _last,
        Bar(1.1),
        note=f"As if they were sorted by size.  {_UNEVEN}",
        chapter=_CHAPTER,
    ),
    Case(
        "parallel-naps",
        "work on 400 items that wait for 50 ms with 8 processes",
        _ALONE,
        _napping,
        Bar(1 / 7),
        note="Both are ours; one process takes 20 s at least, eight take 2.5.",
        chapter=_CHAPTER,
    ),
    Case(
        "parallel-empty",
        "work on 10,000 items that take no time in 2 processes",
        _JOBLIB,
        _empty,
        Bar(1),
        note=f"Each starts and ends its processes, of which joblib uses loky's.  {_SAME}",
        chapter=_CHAPTER,
    ),
    Case(
        "parallel-running",
        "work on 10,000 items that take no time in 2 processes that run already",
        _JOBLIB,
        _empty_running,
        None,
        note=(
            "Both in processes of loky, ours in an executor given to it.  Nearly all of "
            f"it is writing files.  {_SAME}"
        ),
        chapter=_CHAPTER,
    ),
    Case(
        "parallel-dask",
        "work on 10,000 items of 1 ms on a Dask cluster with 2 processes",
        _CLIENT,
        _dask,
        Bar(1.25),
        note=f"The same cluster, and chunks of {_DASK_SIZE}, for both.  {_SAME}",
        chapter=_CHAPTER,
    ),
    Case(
        "parallel-memory",
        "memory that 1,000,000 items from a generator need beside the workers",
        _BARE,
        _memory,
        Bar(50_000_000, "value"),
        unit="bytes",
        note=(
            "By how much the memory of the parent process's own grows, in one that has "
            "done the same with few items before.  The items take no time and are "
            "stored in LMDB; the baseline has chunks of 1,000."
        ),
        chapter=_CHAPTER,
    ),
)
"""What this module measures."""

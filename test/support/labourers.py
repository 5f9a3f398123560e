"""A program with workers, which the tests kill.

    labourers.py FOLDER HOW ENGINE START_METHOD [DUTY ...]

It prints the ids of its processes when each is at its duty, and one has none.

"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import Executor
from pathlib import Path

import labour

from zensols.multi.engine import find_engine
from zensols.multi.orphan import watch_parent


def start(engine: str, workers: int, start_method: str) -> Executor:
    if engine == "loky":
        from loky import get_reusable_executor

        return get_reusable_executor(
            workers, initializer=watch_parent, initargs=(os.getpid(),)
        )
    method = start_method if engine == "processes" else None
    return find_engine(engine, workers, start_method=method).start()


def employ(folder: Path, engine: str, start_method: str, duties: list[str]) -> None:
    """Start the workers, and have them do their duty."""
    executor = start(engine, len(duties) + 1, start_method)
    for duty in duties:
        executor.submit(getattr(labour, duty), folder)
    assert labour.await_that(lambda: len(labour.announced(folder)) == len(duties))
    pids = {child.pid for child in multiprocessing.active_children()}
    if engine == "loky":
        # Which starts the others when it likes.
        pids = set(labour.announced(folder))
    print(*pids, flush=True)


def employ_late(folder: Path, engine: str, start_method: str) -> None:
    """Start a worker that looks for its parent when that is gone."""
    if engine == "loky":
        from loky import get_reusable_executor

        get_reusable_executor(1).submit(labour.watch_late, folder, os.getpid())
    else:
        context = multiprocessing.get_context(start_method)
        context.Process(target=labour.watch_late, args=(folder, os.getpid())).start()  # type: ignore[attr-defined]
    assert labour.await_that(lambda: labour.announced(folder))
    print(*labour.announced(folder), flush=True)


def main(folder: str, how: str, engine: str, start_method: str, *duties: str) -> None:
    arguments = (Path(folder), engine, start_method, list(duties))
    if how == "thread":
        threading.Thread(target=employ, args=arguments, daemon=True).start()
    elif how == "late":
        employ_late(Path(folder), engine, start_method)
    else:
        employ(*arguments)
        if how == "heir" and (heir := os.fork()):
            print(heir, flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])

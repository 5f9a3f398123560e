"""A program that fills a stash, which the tests kill and interrupt.

    filler.py FOLDER OPTIONS

The options are JSON: those of the stash, and

* chores: the items, or their number; or "endless"
* delegate: "directory" or "dictionary"
* engine: also "given", for an executor of the program
* start_method: that of its workers
* act: what to do, a function of this program

It prints a line for each thing that happens.

"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

from chores import ChoreFactory, Chores

from zensols.multi import MultiProcessFactoryStash, MultiProcessStash, Progress
from zensols.persist import DictionaryStash, DirectoryStash


def say(*words: object) -> None:
    print(*words, flush=True)


def endless() -> Iterator[str]:
    for number in count():
        yield f"sleep:0.01{number}"


def report(progress: Progress) -> None:
    say(progress.state, progress.done)


def open_stash(folder: Path, options: dict[str, Any]) -> MultiProcessStash[Any]:
    chores: Any = options.pop("chores")
    if chores == "endless":
        chores = endless
    elif isinstance(chores, int):
        chores = list(map(str, range(chores)))
    if options.get("engine") == "given":
        options["engine"] = ProcessPoolExecutor(2)
    kind = options.pop("delegate", "directory")
    data = DirectoryStash[Any](folder / "data")
    delegate = data if kind == "directory" else DictionaryStash[Any]()
    if not options.pop("factory", False):
        return Chores(delegate, folder, chores, show_progress=report, **options)
    factory = ChoreFactory(folder, chores)
    return MultiProcessFactoryStash(
        factory=factory, delegate=delegate, show_progress=report, **options
    )


def prime(stash: MultiProcessStash[Any]) -> None:
    """Fill it, and say how many keys there are."""
    stash.prime()
    say("keys", len(stash))


def background(stash: MultiProcessStash[Any]) -> None:
    """Fill it in the background, and wait for something else."""
    stash.prime(wait=False)
    sys.stdin.readline()


def leave(stash: MultiProcessStash[Any]) -> None:
    """End as soon as there is something."""
    stash.prime(wait=False)
    for key, _ in stash.as_completed():
        say("read", key)
        break


def read(stash: MultiProcessStash[Any]) -> None:
    """Read all as it is made."""
    for key, _ in stash.as_completed():
        say("read", key)


def together(stash: MultiProcessStash[Any]) -> None:
    """Begin when others do, too."""
    say("ready")
    sys.stdin.readline()
    prime(stash)


def main(folder: str, text: str) -> None:
    options = json.loads(text)
    act = globals()[options.pop("act", "prime")]
    if "start_method" in options:
        multiprocessing.set_start_method(options.pop("start_method"))
    stash = open_stash(Path(folder), options)
    try:
        say("begin")
        act(stash)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main(*sys.argv[1:])

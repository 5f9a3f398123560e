"""Compute once: four processes ask for one absent value at the same time; one of
them computes it, and the others wait for what it gets.

"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from zensols.persist import PersistedWork, persisted


class Answer:
    """Knows something that takes long to find out."""

    def __init__(self, folder: Path) -> None:
        self._work = PersistedWork(folder / "answer.dat", self)

    @property
    @persisted("_work")
    def value(self) -> int:
        """The answer."""
        print(f"process {os.getpid()} computes ...", flush=True)
        time.sleep(1)
        return 42


def ask(folder: Path) -> int:
    """Return the answer, in a process of its own."""
    return Answer(folder).value


def main(folder: Path) -> None:
    """Ask in four processes."""
    with ProcessPoolExecutor(4) as pool:
        print(list(pool.map(ask, [folder] * 4)))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))

"""Snapshots: what the first one costs, and one of what hasn't changed."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

from zensols.persist import DirectoryStash, Stash
from zensols.persist.backup import snapshot
from zensols.persist.domain import open_stash

from .backups import CHAPTER, user
from .row import OURS, Bar, Case
from .timing import Measurement, Settings
from .workspace import new_folder

__all__ = ["CASES"]

_FIRST: Final = "the first snapshot"
_COPY: Final = "shutil.copytree"
_SETTLED: Final = 0.1
"""After how many seconds files count as written."""

_ROUNDS: Final = 3


class _Backups:
    """A stash, and where its snapshots are."""

    def __init__(self, kind: str, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._stash: Stash[Any] = open_stash(f"{kind}://{self._data}")
        self._stash.dump_many(
            (f"user:{n}", user(n) | {"about": f"about {n}. " * 20})
            for n in range(settings.copied)
        )
        self._count = settings.copied
        time.sleep(_SETTLED)

    def copy(self) -> tuple[float, int]:
        """Return the seconds and bytes that a plain copy takes."""
        target = self._folder / "copy"
        start = time.perf_counter()
        shutil.copytree(self._data, target)
        return time.perf_counter() - start, _bytes(target)

    def take(self) -> tuple[float, int]:
        """Return the seconds and bytes that a snapshot takes."""
        into = self._folder / "backups"
        before = _bytes(into)
        start = time.perf_counter()
        taken = snapshot(self._stash, DirectoryStash[bytes](into))
        seconds = time.perf_counter() - start
        if taken.count != self._count:
            raise RuntimeError(f"Not all is in {taken}")
        return seconds, _bytes(into) - before

    def clear(self) -> None:
        """Remove what was taken."""
        for name in "backups", "copy":
            shutil.rmtree(self._folder / name)


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _measure(kind: str, unit: int, settings: Settings) -> list[Measurement]:
    values: dict[str, list[float]] = {}
    with new_folder() as folder:
        backups = _Backups(kind, folder, settings)
        for _ in range(min(_ROUNDS, settings.few_rounds)):
            for name, do in (
                (_FIRST, backups.take),
                (_COPY, backups.copy),
                (OURS, backups.take),
            ):
                values.setdefault(name, []).append(do()[unit])
            backups.clear()
    return [Measurement(name, tuple(found)) for name, found in values.items()]


CASES = (
    Case(
        "snapshot-again",
        "take a snapshot of 100,000 entries in LMDB that haven't changed",
        _FIRST,
        partial(_measure, "lmdb", 0),
        Bar(1 / 20),
        note=(
            "The store is asked for the number of its last transaction.  The first "
            "snapshot reads and digests all, and writes each value to a file of its own."
        ),
        chapter=CHAPTER,
    ),
    Case(
        "snapshot-files",
        "take a snapshot of 100,000 files that haven't changed",
        _FIRST,
        partial(_measure, "dir", 0),
        Bar(1 / 20),
        note=(
            "Each file is asked when it was written, since another program may have "
            "done it, and none is read.  Here the files are in memory; on a disk the "
            "first snapshot takes longer."
        ),
        chapter=CHAPTER,
    ),
    Case(
        "snapshot-size",
        "keep a snapshot of 100,000 entries that haven't changed",
        _FIRST,
        partial(_measure, "lmdb", 1),
        Bar(1 / 100),
        unit="bytes",
        note="Of the second snapshot, there is a document of its own, and nothing else.",
        chapter=CHAPTER,
    ),
)
"""What this module measures."""

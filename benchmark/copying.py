"""A whole store copied to another."""

from __future__ import annotations

import functools
import itertools
import shutil
import subprocess
import sys
import time
from pathlib import Path

from zensols.persist import DirectoryStash

from .files import small_value
from .row import OURS, Bar, Case
from .stores import CHAPTER
from .timing import Measurement, Settings, interleave
from .workspace import ROOT, new_folder

__all__ = ["CASES"]

_LOOP = "a loop of dst[k] = src[k]"
_PROGRAMS = {
    _LOOP: """\
import sys
from zensols.persist import open_stash
src, dst = map(open_stash, sys.argv[1:])
for k in src.keys():
    dst[k] = src[k]
""",
    OURS: """\
import sys
from zensols.persist.cli import main
sys.argv.insert(1, "copy")
main()
""",
}
_MOST_ROUNDS = 3


def _measure(settings: Settings) -> list[Measurement]:
    with new_folder() as folder:
        source: DirectoryStash[object] = DirectoryStash(folder / "source")
        value = small_value()
        source.dump_many((f"entry-{n}", value) for n in range(settings.copied))
        numbers = itertools.count()

        def sample(program: str) -> float:
            target = folder / f"target-{next(numbers)}"
            return _copy(program, source.path, target) / settings.copied

        samplers = {
            name: functools.partial(sample, program)
            for name, program in _PROGRAMS.items()
        }
        return interleave(samplers, min(_MOST_ROUNDS, settings.few_rounds))


def _copy(program: str, source: Path, target: Path) -> float:
    command = [sys.executable, "-c", program, f"dir:{source}", f"lmdb:{target}"]
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    taken = time.perf_counter() - start
    shutil.rmtree(target)
    return taken


CASES = (
    Case(
        "copy",
        "stash copy of 100,000 entries from files to LMDB",
        _LOOP,
        _measure,
        Bar(1 / 1.5),
        note=(
            "`stash copy` moves entries without decoding them, and reads back and "
            "compares each; the loop decodes and encodes, and compares nothing.  Both "
            "are processes from start to end; a figure is of one entry."
        ),
        chapter=CHAPTER,
    ),
)
"""What this module measures."""

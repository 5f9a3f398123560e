"""A program that is killed while it fills a stash."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from chores import times, workers_of
from labour import await_that

from zensols.multi.feed import identify
from zensols.multi.manifest import Manifest
from zensols.persist import DirectoryStash

pytestmark = pytest.mark.timeout(600)

CHORES = [f"sleep:0.005{number:03}" for number in range(600)]
"""A second and a half for two workers."""


def read(folder: Path) -> tuple[set[str], set[str], bool]:
    """What is there, what is recorded as done, and whether that is taken for all."""
    data = DirectoryStash[Any](folder / "data")
    beside = data.beside("manifest")
    assert beside is not None
    manifest = Manifest(beside, "")
    there = set(data.keys())
    done = manifest.done(there)
    recorded = {chore for chore in CHORES if identify(chore) in done}
    assert len(recorded) == len(done)
    return there, recorded, manifest.is_complete(data.keys)


def run(start: Any, folder: Path, kills: int, **options: Any) -> None:
    seed = int(os.environ.get("PERSIST_SEED") or random.SystemRandom().getrandbits(40))
    choose = random.Random(seed)
    done_before: Counter[str] = Counter()
    for turn in range(kills):
        case = f"PERSIST_SEED={seed}, kill {turn}"
        program = start(chores=CHORES, **options)
        if choose.random() < 0.9:
            program.wait_for("begin")
        end = time.perf_counter() + choose.random() * 0.5
        while time.perf_counter() < end:
            pass
        program.process.kill()
        assert await_that(lambda program=program: not program.members()), case
        there, recorded, is_complete = read(folder)
        assert recorded <= there, case
        assert not is_complete or len(recorded) == len(CHORES), case
        now = times(folder)
        assert there <= now.keys(), case
        again = {name for name in done_before if now[name] != done_before[name]}
        assert again == set(), case
        done_before = Counter({name: now[name] for name in recorded})
    program = start(chores=CHORES, **options)
    assert program.finish()[-1] == f"keys {len(CHORES)}"
    assert len(times(folder)) == len(CHORES)
    assert read(folder) == (set(CHORES), set(CHORES), True)
    now = times(folder)
    assert {name for name in done_before if now[name] != done_before[name]} == set()


@pytest.mark.parametrize(
    "kills",
    [20, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
)
@pytest.mark.parametrize("chunk_size", [0, pytest.param(3, marks=pytest.mark.soak)])
def test_killed_parent(chunk_size: int, kills: int, start: Any, tmp_path: Path) -> None:
    run(start, tmp_path, kills, chunk_size=chunk_size, workers=2)


@pytest.mark.parametrize("deed", ["sleep:", "spin:"])
@pytest.mark.parametrize("engine", ["processes", "given"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_end_with_their_program(
    method: str, engine: str, deed: str, start: Any, tmp_path: Path
) -> None:
    program = start(
        chores=[f"{deed}{number}" for number in (1000, 2000)],
        chunk_size=1,
        workers=2,
        engine=engine,
        start_method=method,
    )
    assert await_that(lambda: len(workers_of(tmp_path)) == 2)
    program.note_shared()
    program.process.kill()
    assert await_that(lambda: not workers_of(tmp_path))
    # Nor do the servers that start processes stay, or their semaphores.
    assert await_that(lambda: not program.members())
    assert bool(program.shared) == (method != "fork")
    assert [path for path in program.shared if path.exists()] == []

"""Processes that are killed at random moments while they write."""

from __future__ import annotations

import os
import random
import runpy
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import zensols.persist

SCRIPT = Path(__file__).parent / "killed.py"
KINDS: dict[str, Any] = runpy.run_path(str(SCRIPT))["KINDS"]
ABSENT = -1
ROOT = Path(zensols.persist.__file__).parents[2]


def kill_once(kind: str, folder: Path, seed: int) -> list[str]:
    """Let a process write, kill it somewhere, and return what it has said."""
    choose = random.Random(seed)
    lines = []
    # Of which the child's first few are spent on starting up.
    last, delay = choose.randrange(1, 80), choose.random() ** 2 * 0.02
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), kind, str(folder), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        while len(lines) < last and (line := child.stdout.readline()):
            lines.append(line)
        end = time.perf_counter() + delay
        while time.perf_counter() < end:
            pass
        child.kill()
        lines += child.stdout.readlines()
        assert child.wait() == -9, child.stderr.read()
    return lines


def temporary_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith("%!")]


def run(kind: str, folder: Path, kills: int) -> None:
    seed = int(os.environ.get("PERSIST_SEED") or random.SystemRandom().getrandbits(40))
    state: dict[str, int] = {}
    for turn in range(kills):
        lines = kill_once(kind, folder, seed + turn)
        allowed = {key: {number} for key, number in state.items()}
        key, number = "", ABSENT
        for line in lines:
            if line == "done\n":
                allowed[key] = {number}
            elif line.endswith("\n"):
                key, number = line.split()[0], int(line.split()[1])
                allowed.setdefault(key, {ABSENT}).add(number)
        case = f"PERSIST_SEED={seed}, kill {turn}, after {lines[-2:]}"
        store = KINDS[kind](folder)
        try:
            state = store.read()
        except Exception as e:
            raise AssertionError(f"{case}: {e}") from e
        assert state.keys() <= allowed.keys(), case
        for key, numbers in allowed.items():
            assert state.get(key, ABSENT) in numbers, f"{case}: key {key}"
        store.write()
        assert temporary_files(folder) == [], case
        assert store.read() == state, case


@pytest.mark.parametrize(
    "kills", [5, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_writer(kind: str, kills: int, tmp_path: Path) -> None:
    run(kind, tmp_path, kills)

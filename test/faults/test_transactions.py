"""Processes that are killed inside of the transactions of LMDB and SQLite."""

from __future__ import annotations

import os
import random
import runpy
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "transactions.py"
NAMES = runpy.run_path(str(SCRIPT))
KINDS, UNITS, STEPS, ABSENT = (NAMES[n] for n in "KINDS UNITS STEPS ABSENT".split())
read: Callable[[Any], dict[str, int]] = NAMES["read"]

KILLS_OF_A_STORE = 10
"""Then there is a new one, which is to be made, and to grow."""


def kill_one(
    forker: subprocess.Popen[str], folder: Path, first: int, choose: random.Random
) -> list[list[str]]:
    """Let a process write, kill it inside of a transaction, if it isn't faster, and
    return what it has said.

    """
    assert forker.stdin is not None
    assert forker.stdout is not None
    said: list[list[str]] = []

    def hear(word: str, times: int) -> None:
        while times:
            said.append(forker.stdout.readline().split())
            assert said[-1][:1] not in ([], ["ended"]), forker.communicate()[1]
            times -= said[-1][0] == word

    print(first, folder, file=forker.stdin, flush=True)
    hear("writer", 1)
    pid = int(said[-1][1])
    hear("done", choose.randrange(10))
    # From the first step of a transaction to the last, which the commit follows.
    hear("inside", choose.randrange(1, STEPS + 1))
    os.kill(pid, signal.SIGKILL)
    while said[-1][0] != "ended":
        said.append(forker.stdout.readline().split())
    assert said.pop() == ["ended", "-9"]
    return said


def follow(
    said: list[list[str]], state: dict[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """The number of each unit after what was said: what is acknowledged, and what is
    there if the write that the process was killed in is.

    """
    acknowledged = written = state
    for word, *rest in said:
        if word == "write":
            unit, number = rest
            written = acknowledged | {unit: int(number)}
        elif word == "done":
            acknowledged = written
    return acknowledged, written


@pytest.mark.parametrize(
    "kills",
    [100, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_inside_of_transactions(
    kind: str, kills: int, start_python: Any, tmp_path: Path
) -> None:
    seed = int(os.environ.get("PERSIST_SEED") or random.SystemRandom().getrandbits(30))
    choose = random.Random(seed)
    inside = turn = 0
    with start_python(SCRIPT.read_text(), kind) as forker:
        while inside < kills:
            # Others were acknowledged before the signal was there.
            assert turn < 10 * kills, f"only {inside} of {turn} were inside"
            if turn % KILLS_OF_A_STORE == 0:
                folder = tmp_path / str(turn)
                folder.mkdir()
                stash = KINDS[kind].open(folder)
                state = dict.fromkeys(UNITS, ABSENT)
            said = kill_one(forker, folder, turn * 1_000_000, choose)
            inside += said[-1] == ["inside"]
            case = f"PERSIST_SEED={seed}, kill {turn}, after {said[-2:]}"
            acknowledged, written = follow(said, state)
            state = read(stash)
            assert state in (acknowledged, written), case
            stash["next"] = turn
            assert stash["next"] == turn, case
            stash.delete("next")
            # Readers of LMDB don't see what was committed by a process that was killed
            # before it could tell them, until there is another writer.
            assert read(stash) in (state, written), case
            state = read(stash)
            # The next writer opens the store alone, or beside us.
            if choose.random() < 0.5:
                stash.close()
                KINDS[kind].check(folder)
            turn += 1
        forker.communicate()
        assert forker.returncode == 0

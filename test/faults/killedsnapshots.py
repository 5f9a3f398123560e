"""Kills children at random moments while they take, restore or prune snapshots, and
checks what they leave, run as a script:

    killedsnapshots.py KIND STORE FOLDER SEED KILLS

"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from zensols.persist.backup import (
    prune,
    restorations,
    restore,
    snapshot,
    snapshots,
    undo,
    verify,
)
from zensols.persist.domain import Stash, open_stash

Say = Callable[[str], None]

SIZE = 20


def content(number: int) -> dict[str, Any]:
    """What the stash has at a step; some keys come and go, some never change."""
    some = {f"key-{n}": (number, "x" * (n * 40)) for n in range(SIZE)}
    some |= {f"same-{n}": "y" * 300 for n in range(SIZE)}
    return some | {f"only-{number % 3}-{n}": number for n in range(5)}


def fill(stash: Stash[Any], number: int) -> None:
    wanted = content(number)
    stash.delete_many([key for key in stash.keys() if key not in wanted])
    stash.dump_many(wanted.items())


class Case:
    """What is killed, and what has to be so afterwards."""

    def __init__(self, store: str, folder: str) -> None:
        path = {"dir": "data", "lmdb": "map", "sqlite": "data.db"}[store]
        self.url = f"{store}://{folder}/{path}"
        self.into = f"dir://{folder}/backups"

    def open(self) -> Stash[Any]:
        return open_stash(self.url)

    def prepare(self) -> None:
        """What is there before the first."""

    def work(self, say: Say, choose: random.Random) -> None:
        raise NotImplementedError

    def check(self, lines: list[str], choose: random.Random) -> None:
        raise NotImplementedError

    def check_all(self) -> dict[str, dict[str, Any]]:
        """All snapshots are whole."""
        assert list(verify(self.into)) == []
        found = {}
        for taken in snapshots(self.into):
            found[taken.id] = dict(taken.as_stash())
            assert found[taken.id] == content(int(taken.name)), taken
        return found


class Taking(Case):
    def work(self, say: Say, choose: random.Random) -> None:
        stash = self.open()
        for number in count(choose.randrange(1000)):
            fill(stash, number)
            say("taking")
            say(f"taken {snapshot(stash, self.into, name=str(number)).id}")

    def check(self, lines: list[str], choose: random.Random) -> None:
        found = self.check_all()
        assert {line.split()[1] for line in lines if "taken" in line} <= found.keys()
        # The next one goes on.
        stash = self.open()
        fill(stash, 7)
        taken = snapshot(stash, self.into, name="7")
        assert dict(taken.as_stash()) == content(7)
        prune(self.into, keep=2)


class Pruning(Case):
    def work(self, say: Say, choose: random.Random) -> None:
        stash = self.open()
        for number in count(choose.randrange(1000)):
            fill(stash, number)
            for name in number, number:
                taken = snapshot(stash, self.into, name=str(name))
            say(f"pruning {taken.id}")
            prune(self.into, keep=1)
            say("pruned")

    def check(self, lines: list[str], choose: random.Random) -> None:
        found = self.check_all()
        last = [line.split()[1] for line in lines if "pruning" in line]
        assert set(last) <= found.keys()
        prune(self.into, keep=1)
        # One may have been finished, but not yet listed.
        assert len(self.check_all().keys() - found.keys()) <= 1


class Restoring(Case):
    def prepare(self) -> None:
        stash = self.open()
        for number in 1, 2, 3:
            fill(stash, number)
            snapshot(stash, self.into, name=str(number))

    def work(self, say: Say, choose: random.Random) -> None:
        stash = self.open()
        taken = snapshots(self.into)
        while True:
            one = choose.choice(taken)
            say(f"restoring {one.name}")
            restore(one, stash, mode="replace")
            say(f"restored {one.name}")

    def check(self, lines: list[str], choose: random.Random) -> None:
        before = [line.split()[1] for line in lines if "restored" in line][-1:]
        stash = self.open()
        self.check_all()
        newest = next(iter(restorations(self.into, stash)), None)
        allowed = [content(number) for number in (1, 2, 3)]
        found = dict(stash)
        if self.url.startswith("dir:"):
            # By half maybe, but each value old or new.
            keys = set().union(*allowed)
            assert all(found.get(k) in [a.get(k) for a in allowed] for k in keys)
        else:
            assert found in allowed
        if newest is not None and newest.is_interrupted:
            if choose.random() < 0.5:
                newest.finish()
            else:
                assert undo(stash, self.into).id == newest.id
                # It can also be done again, and undone again.
                assert not before or dict(stash) == content(int(before[0]))
                newest.finish()
                newest.undo()
                assert not before or dict(stash) == content(int(before[0]))
        assert dict(stash) in allowed
        assert all(not r.is_interrupted for r in restorations(self.into, stash)[:1])
        prune(self.into, keep=3)


CASES: dict[str, type[Case]] = {
    "taking": Taking,
    "pruning": Pruning,
    "restoring": Restoring,
}


def kill_once(case: Case, seed: int) -> list[str]:
    choose = random.Random(seed)
    last, delay = choose.randrange(8), choose.random() ** 2 * 0.05
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            case.work(
                lambda line: void(os.write(writing, f"{line}\n".encode())), choose
            )
        finally:
            os._exit(1)
    os.close(writing)
    lines = []
    with os.fdopen(reading) as said:
        while len(lines) < last and (line := said.readline()):
            lines.append(line)
        end = time.perf_counter() + delay
        while time.perf_counter() < end:
            pass
        os.kill(pid, signal.SIGKILL)
        lines += said.readlines()
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"the child failed after {lines[-2:]}"
    return lines


def void(_: object) -> None:
    pass


def main(kind: str, store: str, folder: str, seed: int, kills: int) -> None:
    case = CASES[kind](store, folder)
    case.prepare()
    for turn in range(kills):
        lines = kill_once(case, seed + turn)
        try:
            case.check(lines, random.Random(seed + turn))
        except BaseException:
            print(f"PERSIST_SEED={seed}, kill {turn}, {lines[-2:]}", file=sys.stderr)
            raise


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from zensols.persist.stash.forks import tell_of_forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class Told:
    def __init__(self) -> None:
        self.said: list[str] = []

    def before_fork(self) -> None:
        self.said.append("before")

    def after_fork(self, in_child: bool) -> None:
        self.said.append("child" if in_child else "parent")


def fork() -> int:
    pid = os.fork()
    if pid:
        assert os.waitpid(pid, 0)[1] == 0
    return pid


def test_both_sides_are_told() -> None:
    told = [Told(), Told()]
    for one in told:
        tell_of_forks(one)
    if fork() == 0:
        right = all(one.said == ["before", "child"] for one in told)
        # A child's own child.
        if fork() == 0:
            right = all(one.said == ["before", "child"] * 2 for one in told)
        os._exit(not right)
    assert all(one.said == ["before", "parent"] for one in told)


def test_of_the_living_only() -> None:
    said = (told := Told()).said
    tell_of_forks(told)
    del told
    gc.collect()
    if fork() == 0:
        os._exit(0)
    assert said == []


def test_not_of_other_programs() -> None:
    told = Told()
    tell_of_forks(told)
    subprocess.run([sys.executable, "-c", ""], check=True)
    assert told.said == []

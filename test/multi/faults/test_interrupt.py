"""Programs that the user interrupts, or that end while they fill a stash."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest
from chores import times
from labour import BOUND, await_that

KEPT = re.compile(
    r"(\w+) was (interrupted|stopped): (\d+) items done before it are kept, (\d+) from "
    r"earlier; the next access does the rest\n"
)


def tell_kept(program: Any) -> tuple[str, int, int]:
    """How it stopped, and how many items it kept, of which it wrote a line only."""
    found = KEPT.fullmatch(program.complaints())
    assert found is not None, program.complaints()
    return found[2], int(found[3]), int(found[4])


def assert_nothing_is_left(program: Any) -> None:
    assert await_that(lambda: not program.members())
    assert list(program.scratch.iterdir()) == []
    assert [path for path in program.shared if path.exists()] == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("delegate", ["directory", "dictionary"])
def test_ctrl_c(delegate: str, method: str, start: Any, tmp_path: Path) -> None:
    program = start(
        chores="endless",
        delegate=delegate,
        workers=3,
        chunk_size=1,
        start_method=method,
    )
    while int(program.wait_for("running").split()[1]) < 5:
        pass
    assert len(program.members()) > 3
    program.interrupt()
    assert program.finish(130)[-2:] == [program.said[-2], "interrupted"]
    how, kept, earlier = tell_kept(program)
    assert how == "interrupted"
    assert kept >= 5
    assert earlier == 0
    assert program.said[-2] == f"stopped {kept}"
    # Named ones are what would be left; otherwise they have no name any more.
    assert bool(program.shared) == (method != "fork")
    assert_nothing_is_left(program)
    if delegate == "directory":
        again = start(chores="endless", workers=2, act="read")
        again.wait_for("running")
        again.interrupt()
        again.finish(130)
        assert tell_kept(again)[2] >= kept


def test_ctrl_c_while_items_run_for_ever(start: Any, tmp_path: Path) -> None:
    chores = ["a", "hog:", "spin:", "sleep:"]
    program = start(chores=chores, workers=4, chunk_size=1)
    assert await_that(lambda: len(times(tmp_path)) == 4)
    program.wait_for("running 1")
    program.interrupt()
    program.finish(130)
    assert tell_kept(program) == ("interrupted", 1, 0)
    assert_nothing_is_left(program)


def test_impatient_ctrl_c(start: Any, tmp_path: Path) -> None:
    program = start(chores="endless", workers=2, start_method="spawn")
    program.wait_for("running")
    for _ in range(5):
        program.interrupt()
    assert program.process.wait(BOUND) in (1, 130, -signal.SIGINT)
    assert await_that(lambda: not program.members())
    assert [path for path in program.shared if path.exists()] == []


def test_ctrl_c_while_it_begins(start: Any, tmp_path: Path) -> None:
    program = start(chores="endless", workers=4)
    program.wait_for("begin")
    program.interrupt()
    assert program.process.wait(BOUND) in (130, -signal.SIGINT)
    assert await_that(lambda: not program.members())


@pytest.mark.parametrize("engine", ["processes", "threads", "serial"])
def test_ctrl_c_while_it_is_filled_in_the_background(
    engine: str, start: Any, tmp_path: Path
) -> None:
    program = start(
        chores="endless", workers=2, chunk_size=1, engine=engine, act="background"
    )
    program.wait_for("running")
    program.interrupt()
    program.finish(130)
    assert tell_kept(program)[0] == "stopped"
    assert_nothing_is_left(program)


def test_ctrl_c_while_it_is_read(start: Any, tmp_path: Path) -> None:
    program = start(chores="endless", workers=2, chunk_size=1, act="read")
    program.wait_for("read")
    program.interrupt()
    program.finish(130)
    assert tell_kept(program)[0] == "stopped"
    assert_nothing_is_left(program)


@pytest.mark.parametrize("engine", ["processes", "threads", "serial"])
def test_program_ends_while_it_is_filled_in_the_background(
    engine: str, start: Any, tmp_path: Path
) -> None:
    program = start(
        chores="endless", workers=2, chunk_size=1, engine=engine, act="leave"
    )
    program.finish()
    assert tell_kept(program)[0] == "stopped"
    assert_nothing_is_left(program)


@pytest.mark.parametrize("act", ["prime", "background", "read"])
def test_ctrl_c_while_another_program_fills_it(
    act: str, start: Any, tmp_path: Path
) -> None:
    first = start(chores=["a", "await:go"], workers=1)
    assert await_that(lambda: "await:go" in times(tmp_path))
    second = start(chores=["a", "await:go"], workers=2, act=act)
    second.wait_for("begin")
    second.interrupt()
    second.finish(130)
    assert second.complaints() == ""
    assert_nothing_is_left(second)
    (tmp_path / "go").touch()
    assert first.finish()[-1] == "keys 2"


def test_terminated_program_leaves_no_workers(start: Any, tmp_path: Path) -> None:
    program = start(chores="endless", workers=2, chunk_size=1)
    program.wait_for("running")
    program.process.terminate()
    program.finish(-signal.SIGTERM)
    assert await_that(lambda: not program.members())

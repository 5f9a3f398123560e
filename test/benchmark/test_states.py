"""What is compared in the chapter on states."""

from __future__ import annotations

import doctest
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark import applications, conversations, states
from benchmark.burrs import (
    BRIDGE,
    BURR,
    KEEPERS,
    Keeper,
    open_postgres,
    open_redis,
    open_sqlite,
)
from benchmark.report import summary
from benchmark.row import OURS
from benchmark.timing import QUICK
from benchmark.workspace import new_folder

STATE = {"messages": states.messages(0, 10)}


def find_case(name: str) -> Any:
    cases = (*states.CASES, *conversations.CASES, *applications.CASES)
    return next(case for case in cases if case.name == name)


@pytest.mark.parametrize("durability", ["process", "fsync"])
@pytest.mark.parametrize("name", KEEPERS)
def test_sqlite_keeps_what_is_compared(
    name: str, durability: str, tmp_path: Path
) -> None:
    keeper = open_sqlite(name, tmp_path, durability)
    persister = keeper.persister
    for number in range(3):
        state = keeper.state({**STATE, "number": number})
        persister.save("user 1", "chat", number, "ask", state, "completed")
    assert persister.load("user 1", "chat")["state"].get_all() == {**STATE, "number": 2}
    found = persister.load("user 1", "chat", 1)
    assert found["state"].get_all() == {**STATE, "number": 1}
    assert type(found["state"]) is type(keeper.state({}))
    keeper.close()
    assert [file.name for file in tmp_path.iterdir()] == [f"{name}.db"]


async def check(
    open_named: Callable[[str, str], Awaitable[Keeper]], name: str, url: str
) -> None:
    keeper = await open_named(name, url)
    save, load = keeper.persister.save, keeper.persister.load
    await save("user 1", "chat", 1, "ask", keeper.state(STATE), "completed")
    assert (await load("user 1", "chat"))["state"].get_all() == STATE
    await keeper.close()


@pytest.mark.parametrize("name", KEEPERS)
async def test_redis_keeps_what_is_compared(
    name: str, start_redis: Callable[..., Any]
) -> None:
    await check(open_redis, name, start_redis().url)


@pytest.mark.parametrize("name", KEEPERS)
async def test_postgres_keeps_what_is_compared(name: str, postgres_url: str) -> None:
    if name == BURR:
        pytest.importorskip("asyncpg", reason="a peer's driver, of the extra bench")
    await check(open_postgres, name, postgres_url)


def test_states_are_all_different(tmp_path: Path) -> None:
    keeper = open_sqlite(OURS, tmp_path)
    made = states.some_states(keeper)
    assert len({str(state) for state in made}) == len(made)
    assert all(len(state["messages"]) == 10 for state in made)
    keeper.close()


def test_without_burr_there_is_nothing_to_compare_with(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [*sys.modules]:
        if name == "zensols.persist.state.burr" or name.partition(".")[0] == "burr":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "burr", None)
    row = find_case("state-load").run(QUICK)
    assert [m.name for m in row.measurements] == [OURS]
    assert row.passed is None
    assert summary([row])[1][2] == f"not measured: no {BURR}"
    printed = capsys.readouterr().out
    assert f"{BURR} is left out" in printed
    assert f"{BRIDGE} is left out" in printed


def test_size_is_that_of_the_whole_store() -> None:
    row = find_case("conversation-size").run(QUICK)
    sizes = {m.name: m.spread.median for m in row.measurements}
    # Each of the others has at least the last state.
    assert sizes["the last state as JSON"] < sizes[OURS] < sizes[BURR]
    # A state is JSON in Burr's store, too.
    whole = sum(
        len(str(messages)) for n in range(100) for messages in states.messages(0, n)
    )
    assert sizes[BURR] > whole / 2


def test_worst_step_is_found() -> None:
    slow = 3

    def load(number: int) -> None:
        # No shorter than a timer's step.
        end = time.perf_counter() + (0.01 if number == slow else 0.0)
        while time.perf_counter() < end:
            pass

    loaders: dict[str, Any] = {OURS: load, conversations.WHOLE: lambda _: None}
    assert conversations.find_worst(loaders, 6) == slow


def test_folder_on_disk() -> None:
    with new_folder(on_disk=True) as folder:
        assert folder.is_dir()
        assert not folder.is_relative_to("/dev/shm")
    assert not folder.exists()


def test_examples() -> None:
    result = doctest.testmod(states)
    assert result.attempted
    assert not result.failed

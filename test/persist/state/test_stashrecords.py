"""Records in stashes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mortal_stash import Killed, MortalStash
from savers import state_of

from zensols.persist import DictionaryStash, DirectoryStash
from zensols.persist.error import CorruptDataError, PersistableError
from zensols.persist.state import (
    ALL,
    InMemoryPersister,
    Persister,
    StashPersister,
    State,
    StateConflictError,
    stashlog,
)
from zensols.persist.state.stashkeys import ABOUT
from zensols.persist.state.stashrecords import VERSION

APPS = ("a", "b", "c")
PARTITIONS = (None, "p")

Call = Callable[[Persister], Any]

FORKER = """
import itertools, os, sys
sys.path.insert(0, sys.argv[1])
from savers import state_of
from zensols.persist.state import open_persister
persister = open_persister(sys.argv[2])
for turn in range(int(sys.argv[3])):
    child = os.fork()
    if child == 0:
        os.write(1, f"{-os.getpid()}\\n".encode())
        # Until it is killed, however late that is.
        for number in itertools.count(turn * 1_000_000):
            persister.save("p", "app", number, "step", state_of(number), "completed")
            os.write(1, f"{number}\\n".encode())
    os.waitpid(child, 0)
"""


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stashlog, "WIDTH", 3)


def large(number: int) -> State:
    """A state that is stored as what changed."""
    return State(text="x" * 9000, number=number, more=["y"] * number)


def save(partition: str | None, app: str, number: int, **more: Any) -> Call:
    given = {"position": "step", "state": large(number), "status": "completed", **more}

    def call(persister: Persister) -> None:
        persister.save(partition, app, number, **given)

    return call


def outcome(persister: Persister, call: Call) -> Any:
    try:
        return call(persister)
    except PersistableError as e:
        return type(e)


def view(persister: Persister, *, newest_first: bool = True) -> Any:
    """All that can be seen of the applications."""
    seen: dict[Any, Any] = {}
    for partition in PARTITIONS:
        listed = persister.list_app_ids(partition)
        seen[partition] = listed if newest_first else sorted(listed)
        for app in APPS:
            items = persister.history(partition, app)
            loaded = [
                persister.load(partition, app, number)
                for number in (None, *sorted({item.sequence_id for item in items}))
            ]
            seen[partition, app] = (
                [(i.sequence_id, i.position, i.status, i.size) for i in items],
                [found and (found["position"], found["state"]) for found in loaded],
            )
    return seen


partitions = st.sampled_from(PARTITIONS)
apps = st.sampled_from(APPS)
numbers = st.integers(0, 5)
calls: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    st.tuples(
        st.just("save"),
        partitions,
        apps,
        numbers,
        st.sampled_from(["step", "other"]),
        st.builds(large, st.integers(0, 2)),
        st.sampled_from(["completed", "completed", "failed"]),
    ),
    st.tuples(st.just("fork"), partitions, apps, numbers, apps),
    st.tuples(st.just("delete"), partitions, apps),
)
kept_calls = st.tuples(
    st.just("truncate"), partitions, apps, st.fixed_dictionaries({"keep": numbers})
) | st.tuples(
    st.just("prune"),
    st.sampled_from([*PARTITIONS, ALL]),
    st.fixed_dictionaries({"keep_apps": st.integers(1, 3), "keep_states": numbers}),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(calls | calls | kept_calls, max_size=40))
def test_does_what_memory_does(operations: list[tuple[Any, ...]]) -> None:
    stash = DictionaryStash[Any]()
    ours, memory = StashPersister(stash), InMemoryPersister()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stashlog, "WIDTH", 3)
        for method, *arguments in operations:
            options = arguments.pop() if isinstance(arguments[-1], dict) else {}

            def call(
                persister: Any,
                method: str = method,
                arguments: list[Any] = arguments,
                options: dict[str, Any] = options,
            ) -> Any:
                return getattr(persister, method)(*arguments, **options)

            assert outcome(ours, call) == outcome(memory, call), (method, arguments)
        assert view(ours) == view(memory)
        assert sorted(ours.list_app_ids(ALL)) == sorted(memory.list_app_ids(ALL))
        for partition in PARTITIONS:
            for app in APPS:
                ours.delete(partition, app)
    assert stash.data.keys() <= {ABOUT}


SCENARIO: list[Call] = [
    *(save("p", "a", number) for number in range(5)),
    lambda p: p.fork("p", "a", 3, "b"),
    save("p", "b", 9),
    lambda p: p.truncate("p", "a", keep=2),
    *(save("p", "a", number) for number in range(5, 9)),
    lambda p: p.fork("p", "a", 6, "c"),
    lambda p: p.delete("p", "a"),
    save("p", "a", 1),
    lambda p: p.truncate("p", "b", keep=1),
    lambda p: p.delete("p", "c"),
    save(None, "a", 1),
]


@pytest.mark.usefixtures("short_pages")
def test_killed_at_any_write_has_done_it_or_not() -> None:
    kills = 0
    alive = True
    while alive:
        data: dict[str, Any] = {}
        persister = StashPersister(MortalStash(DictionaryStash(data), kills))
        memory = InMemoryPersister()
        for call in SCENARIO:
            before = view(memory)
            call(memory)
            try:
                call(persister)
            except Killed:
                break
        else:
            alive = False
        again = StashPersister(DictionaryStash(data))
        seen = view(again)
        assert seen in (before, view(memory)), f"killed at write {kills}"
        # It is done again, and all goes on.
        if seen == before and alive:
            call(again)
        assert view(again) == view(memory), f"went on after write {kills}"
        save("p", "a", 100)(again)
        kills += 1
    assert kills > 50


@pytest.mark.usefixtures("short_pages")
def test_next_one_deletes_what_a_killed_one_had_to() -> None:
    for writes in range(1, 20):
        data: dict[str, Any] = {}
        persister = StashPersister(DictionaryStash(data))
        for number in range(12):
            save("p", "a", number)(persister)
        mortal = StashPersister(MortalStash(DictionaryStash(data), writes))
        try:
            mortal.truncate("p", "a", keep=1)
        except Killed:
            persister.truncate("p", "a", keep=1)
            save("p", "a", 100)(persister)
            persister.truncate("p", "a", keep=1)
        assert len(persister.history("p", "a")) == 1
        # Nor is anything left that no state needs.
        expected: dict[str, Any] = {}
        other = StashPersister(DictionaryStash(expected))
        save("p", "a", 100)(other)
        path = persister._records.find("p", "a", None).stored.path  # type: ignore[union-attr]  # there is one
        records = [key for key in data if key.startswith("states.record")]
        assert len(records) == 1 + len(path), f"killed at write {writes}"


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_killed_savers_lose_nothing(tmp_path: Path, kills: int) -> None:
    url = f"dir:{tmp_path}/states"
    support = str(Path(__file__).parents[2] / "support")
    choose = random.Random(kills)
    saved: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-c", FORKER, support, url, str(kills)],
        stdout=subprocess.PIPE,
        text=True,
    ) as forker:
        assert forker.stdout is not None
        left = 0
        child = 0
        for line in forker.stdout:
            if int(line) < 0:
                child, left = -int(line), choose.randrange(12)
            else:
                saved.append(int(line))
            if left == 0 and child:
                # Somewhere in the next save.
                time.sleep(choose.uniform(0, 0.002))
                os.kill(child, signal.SIGKILL)
                child = 0
            left -= 1
    assert forker.returncode == 0
    with StashPersister(url) as persister:
        there = [item.sequence_id for item in persister.history("p", "app")]
        assert set(saved) <= set(there)
        # What was being told when it died may be saved, too.
        assert len(there) <= len(saved) + kills
        assert there == sorted(set(there))
        for number in there:
            found = persister.load("p", "app", number)
            assert found is not None
            assert found["state"] == state_of(number), f"state {number}"


def test_damage_is_told_with_what_can_still_be_read(tmp_path: Path) -> None:
    stash = DirectoryStash[Any](tmp_path / "states")
    persister = StashPersister(stash)
    for number in range(3):
        save("p", "a", number)(persister)
    key = next(key for key in stash.keys() if key.endswith(".0.2"))
    path = stash.key_to_path(key)
    path.write_bytes(path.read_bytes()[:-10])
    fresh = StashPersister(stash)
    with pytest.raises(CorruptDataError, match=r"State 1 of .* can still be read"):
        fresh.load("p", "a", 1)
    stash.delete(key)
    with pytest.raises(CorruptDataError, match=r"State 1 of .* can still be read"):
        fresh.load("p", "a", 1)
    save("p", "a", 3)(fresh)
    assert fresh.load("p", "a") is not None


@pytest.mark.usefixtures("short_pages")
def test_lost_list_is_told() -> None:
    stash = DictionaryStash[Any]()
    persister = StashPersister(stash)
    for number in range(5):
        save("p", "a", number)(persister)
    page = next(key for key in stash.data if key.endswith(".0.0"))
    stash.delete(page)
    with pytest.raises(CorruptDataError, match="restore a backup"):
        persister.history("p", "a")
    stash.delete(page.removesuffix(".0"))
    with pytest.raises(CorruptDataError, match="restore a backup"):
        save("p", "a", 6)(persister)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ((VERSION + 1,), f"layout {VERSION + 1}, of a newer release"),
        ("mine", "made by another program"),
        ((), "made by another program"),
    ],
)
def test_other_layouts_are_refused(value: Any, reason: str) -> None:
    stash = DictionaryStash[Any]({ABOUT: value})
    for call in save("p", "a", 1), view:
        with pytest.raises(PersistableError, match=reason):
            call(StashPersister(stash))
    assert stash.data == {ABOUT: value}


def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    persister = StashPersister(f"dir:{tmp_path}/states")
    assert not persister.is_initialized()
    assert persister.load("p", "a") is None
    assert list(tmp_path.iterdir()) == []
    persister.initialize()
    assert persister.is_initialized()


def test_same_step_is_refused_after_a_fork() -> None:
    persister = StashPersister(DictionaryStash())
    save("p", "a", 1)(persister)
    persister.fork("p", "a", 1, "b")
    save("p", "b", 2, expected_sequence=1)(persister)
    with pytest.raises(StateConflictError):
        save("p", "b", 3, expected_sequence=1)(persister)

"""Applications of Burr on our persisters."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from burr.core import State, persistence
from talkers import (
    Broken,
    Conversation,
    Message,
    async_builder,
    builder,
    say_later,
    steps,
    take,
    typed_builder,
)

from zensols.persist import state
from zensols.persist.state import burr
from zensols.persist.state.asyncpersister import AsyncPersister
from zensols.persist.state.burr import SQLitePersister
from zensols.persist.state.persister import Persister

DATABASES = ["InMemory", "SQLite", "PostgreSQL", "Redis", "MongoDB", "Stash"]


@pytest.fixture(params=DATABASES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Makes persisters of one database: "" or "Async" says which kind."""
    name = request.param
    arguments: tuple[str, ...] = ()
    options: dict[str, str] = {}
    if name == "SQLite":
        arguments = (str(tmp_path / "states.db"),)
    elif name == "PostgreSQL":
        arguments = (request.getfixturevalue("postgres_url"),)
    elif name == "Redis":
        url, _, namespace = request.getfixturevalue("redis_url").partition(
            "?namespace="
        )
        arguments, options = (url,), {"namespace": namespace}
    elif name == "MongoDB":
        uri, _, database = request.getfixturevalue("mongo_url").rpartition("/")
        options = {"uri": uri, "db_name": database}
    elif name == "Stash":
        arguments = (f"dir:{tmp_path}/states",)

    def make(kind: str, **more: Any) -> Any:
        persister = getattr(burr, f"{kind}{name}Persister")
        return persister(*arguments, **options, **more)

    return make


@pytest.fixture
def persister(make: Callable[..., Any]) -> Iterator[Any]:
    with make("") as persister:
        persister.initialize()
        yield persister


@pytest.fixture
async def async_persister(make: Callable[..., Any]) -> AsyncIterator[Any]:
    async with make("Async") as persister:
        await persister.initialize()
        yield persister


def test_application_goes_on(persister: Any) -> None:
    assert steps(builder(persister).build(), 3) == ["ask", "answer", "ask"]
    app = builder(persister).build()
    assert steps(app, 2) == ["answer", "ask"]
    assert app.state["messages"] == [
        "question 0",
        "answer 1",
        "question 2",
        "answer 3",
        "question 4",
    ]
    history = persister.history("user 1", "app")
    assert [item.position for item in history] == ["ask", "answer"] * 2 + ["ask"]
    assert persister.list_app_ids("user 1") == ["app"]


def test_application_goes_on_with_the_action_that_failed(persister: Any) -> None:
    app = builder(persister).build()
    steps(app, 3)
    with pytest.raises(Broken):
        app.step(inputs={"broken": True})
    assert persister.history("user 1", "app")[-1].status == "failed"
    app = builder(persister).build()
    assert steps(app, 1) == ["answer"]
    assert app.state["messages"][2:] == ["question 2", "answer 3"]
    history = persister.history("user 1", "app")
    assert [(item.position, item.status) for item in history[2:]] == [
        ("ask", "completed"),
        ("answer", "failed"),
        ("answer", "completed"),
    ]


def test_fork_from_a_step(persister: Any) -> None:
    app = builder(persister).build()
    steps(app, 5)
    third = persister.history("user 1", "app")[2].sequence_id
    fork = builder(
        persister,
        "fork",
        fork_from_app_id="app",
        fork_from_partition_key="user 1",
        fork_from_sequence_id=third,
    ).build()
    assert fork.state["messages"] == ["question 0", "answer 1", "question 2"]
    assert steps(fork, 1) == ["answer"]
    assert persister.load("user 1", "fork")["sequence_id"] == third + 1
    assert len(persister.load("user 1", "app")["state"]["messages"]) == 5


def test_fork_that_we_made_goes_on(persister: Any) -> None:
    steps(builder(persister).build(), 5)
    third = persister.history("user 1", "app")[2].sequence_id
    persister.fork("user 1", "app", third, "fork")
    app = builder(persister, "fork").build()
    assert steps(app, 1) == ["answer"]
    assert len(persister.history("user 1", "fork")) == 4
    differences = persister.diff("user 1", "fork", third, third + 1)
    assert "+ messages[3]: 'answer 3'" in map(str, differences)


def test_what_is_loaded_is_of_burr(persister: Any) -> None:
    steps(builder(persister).build(), 1)
    found = persister.load("user 1", None)
    assert type(found["state"]) is State
    assert (found["app_id"], found["position"]) == ("app", "ask")
    assert persister.load("user 1", "other") is None


def test_killed_process_loses_no_step(tmp_path: Path) -> None:
    code = """if True:
        import os, signal
        from burr.core import ApplicationBuilder, action
        from zensols.persist.state.burr import SQLitePersister

        @action(reads=["n"], writes=["n"])
        def count(state):
            if state["n"] == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            return state.increment(n=1)

        persister = SQLitePersister("states.db")
        persister.initialize()
        app = (
            ApplicationBuilder()
            .with_actions(count)
            .with_transitions(("count", "count"))
            .with_identifiers(app_id="app", partition_key="user 1")
            .with_state_persister(persister)
            .initialize_from(persister, resume_at_next_action=True,
                             default_state={"n": 0}, default_entrypoint="count")
            .build()
        )
        while True:
            app.step()
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert done.returncode == -9
    with SQLitePersister(tmp_path / "states.db") as persister:
        found = persister.load("user 1", "app")
    assert found["state"]["n"] == 5


async def test_async_application_goes_on(async_persister: Any) -> None:
    app = await async_builder(async_persister).abuild()
    assert await take(app, 3) == ["ask", "answer", "ask"]
    app = await async_builder(async_persister).abuild()
    with pytest.raises(Broken):
        await app.astep(inputs={"broken": True})
    app = await async_builder(async_persister).abuild()
    assert await take(app, 2) == ["answer", "ask"]
    assert app.state["messages"] == [
        "question 0",
        "answer 1",
        "question 2",
        "answer 3",
        "question 4",
    ]
    history = await async_persister.history("user 1", "app")
    assert [item.status for item in history] == [
        *["completed"] * 3,
        "failed",
        *["completed"] * 2,
    ]


async def test_async_fork_from_a_step(async_persister: Any) -> None:
    app = await async_builder(async_persister).abuild()
    await take(app, 5)
    third = (await async_persister.history("user 1", "app"))[2].sequence_id
    fork = await async_builder(
        async_persister,
        "fork",
        fork_from_app_id="app",
        fork_from_partition_key="user 1",
        fork_from_sequence_id=third,
    ).abuild()
    assert await take(fork, 1) == ["answer"]
    assert fork.state["messages"][2:] == ["question 2", "answer 3"]


async def test_sync_persister_in_a_coroutine_warns(tmp_path: Path) -> None:
    with SQLitePersister(tmp_path / "states.db") as persister:
        persister.initialize()
        with pytest.warns(RuntimeWarning, match="use AsyncSQLitePersister"):
            app = async_builder(persister).build()
        await take(app, 2)
        assert len(persister.history("user 1", "app")) == 2


def test_has_all_persisters_by_their_names() -> None:
    # The bases are of no database.
    for name in set(state.__all__) - {"Persister", "AsyncPersister"}:
        value = getattr(state, name)
        if isinstance(value, type) and issubclass(value, Persister):
            bound = getattr(burr, name)
            assert issubclass(bound, value)
            assert issubclass(bound, persistence.BaseStatePersister)
        elif isinstance(value, type) and issubclass(value, AsyncPersister):
            bound = getattr(burr, name)
            assert issubclass(bound, value)
            assert issubclass(bound, persistence.AsyncBaseStatePersister)


def test_typed_state(make: Callable[..., Any]) -> None:
    with make("", types=[Message]) as persister:
        persister.initialize()
        steps(typed_builder(persister).build(), 2)
        app = typed_builder(persister).build()
        steps(app, 1)
    texts = [Message(text=f"message {number}") for number in range(3)]
    assert app.state.data == Conversation(messages=texts)


async def test_async_typed_state(make: Callable[..., Any]) -> None:
    async with make("Async", types=[Message]) as persister:
        await persister.initialize()
        await take(await typed_builder(persister, say_later).abuild(), 2)
        app = await typed_builder(persister, say_later).abuild()
        await take(app, 1)
    texts = [Message(text=f"message {number}") for number in range(3)]
    assert app.state.data == Conversation(messages=texts)


def test_copies_are_of_burr(tmp_path: Path) -> None:
    with SQLitePersister(tmp_path / "states.db") as persister:
        persister.save("user 1", "app", 0, "ask", State({"n": 1}), "completed")
        for copy in persister.copy(), pickle.loads(pickle.dumps(persister)):
            found = copy.load("user 1", "app")
            assert type(found["state"]) is State
            assert found["state"]["n"] == 1
            copy.cleanup()


@pytest.mark.parametrize("fails", [False, True])
def test_resumes_where_it_does_with_the_persister_of_burr(
    tmp_path: Path, fails: bool
) -> None:
    told = []
    for persister in (
        SQLitePersister(tmp_path / "ours.db"),
        persistence.SQLitePersister(str(tmp_path / "burrs.db")),
    ):
        persister.initialize()
        app = builder(persister).build()
        steps(app, 3)
        if fails:
            with pytest.raises(Broken):
                app.step(inputs={"broken": True})
        app = builder(persister).build()
        steps(app, 2)
        found = dict(persister.load("user 1", "app"))
        del found["created_at"]
        told.append((app.sequence_id, found))
        persister.cleanup()
    assert told[0] == told[1]


def test_says_what_to_install() -> None:
    code = "import sys; sys.modules['burr'] = None\nimport zensols.persist.state.burr"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert "pip install 'zensols.persist[burr]'" in done.stderr

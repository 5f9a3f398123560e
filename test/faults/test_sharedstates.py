"""States that many processes save, fork and delete at once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from savers import Client, check_processes, state_of

from zensols.persist.error import PersistableError
from zensols.persist.state import SQLitePersister

KINDS = {
    "sqlite": "SQLitePersister",
    "postgres": "PostgreSQLPersister",
    "redis": "RedisPersister",
    "mongo": "MongoDBPersister",
}


@pytest.mark.parametrize("prefix", ["", "Async"])
@pytest.mark.parametrize("engine", KINDS)
def test_eight_processes_lose_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str, prefix: str
) -> None:
    if engine == "sqlite":
        values = {"db_path": str(tmp_path / "a.db")}
    elif engine == "postgres":
        values = {"uri": request.getfixturevalue("postgres_url")}
    elif engine == "redis":
        url, _, namespace = request.getfixturevalue("redis_url").partition(
            "?namespace="
        )
        values = {"url": url, "namespace": namespace}
    else:
        uri, _, name = request.getfixturevalue("mongo_url").rpartition("/")
        values = {"uri": uri, "db_name": name}
    check_processes(prefix + KINDS[engine], values, each=5)


ROUNDS = 40
PROCESSES = 8
ACTS = "save", "keep", "fork", "fork", "truncate", "delete", "prune"


def live(path: str, seed: int) -> None:
    """Save, fork, truncate, delete and prune at random, and say what is to stay.

    Applications ``v…`` are dropped by anybody, ``k…`` by nobody, and partition ``q`` is
    pruned.

    """
    # Each one's choices; what comes of them depends on the others.
    choose = random.Random(seed)
    kept: dict[str, list[int]] = {"k": []}
    with SQLitePersister(path) as persister:
        for turn in range(ROUNDS):
            number = seed * ROUNDS + turn
            apps = persister.list_app_ids("p")
            app = choose.choice(apps or ["v1"])
            act = choose.choice(ACTS)
            if act == "save":
                save(persister, choose.choice(["v1", "v2"]), number)
                save(persister, choose.choice("abcd"), number, "q")
            elif act == "keep":
                save(persister, "k", number)
                kept["k"].append(number)
            elif act == "prune":
                persister.prune("q", keep_apps=2, keep_states=3)
            elif act == "fork":
                fork(persister, app, f"{choose.choice('kv')} {number}", choose, kept)
            elif app[0] == "v" and act == "truncate":
                persister.truncate("p", app, keep=choose.randint(1, 4))
            elif app[0] == "v":
                persister.delete("p", app)
    print(json.dumps(kept))


def save(
    persister: SQLitePersister, app: str, number: int, partition: str = "p"
) -> None:
    persister.save(partition, app, number, "step", state_of(number), "completed")


def fork(
    persister: SQLitePersister,
    app: str,
    new: str,
    choose: random.Random,
    kept: dict[str, list[int]],
) -> None:
    numbers = [item.sequence_id for item in persister.history("p", app)]
    if not numbers:
        return
    try:
        persister.fork("p", app, choose.choice(numbers), new)
    except PersistableError as e:
        if "No state" in str(e) or "all the time" in str(e):
            # It was dropped meanwhile.
            return
        raise
    if new[0] == "k":
        kept[new] = [item.sequence_id for item in persister.history("p", new)]
        assert kept[new]


@pytest.mark.parametrize(
    "seed",
    [1, 2, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 23))],
)
def test_nothing_is_lost_but_what_was_deleted(tmp_path: Path, seed: int) -> None:
    path = str(tmp_path / "a.db")
    children = [
        subprocess.Popen(
            [sys.executable, __file__, path, str(seed * PROCESSES + number)],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    kept: dict[str, list[int]] = {"k": []}
    for child in children:
        out, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        said: dict[str, list[int]] = json.loads(out)
        kept["k"] += said.pop("k")
        kept |= said
    with Client("SQLitePersister", {"db_path": path}) as client:
        apps = client.list_app_ids("p")
        # All that is there can be read.
        there: dict[str, Any] = {app: client.check(app) for app in apps}
        for app, numbers in kept.items():
            assert sorted(there[app]) == sorted(numbers), app
        assert len(kept) > 1
        pruned = client.prune("q", keep_apps=2, keep_states=3)
        assert all(item.dropped for item in pruned)
        assert len(client.list_app_ids("q")) == 2
        assert all(len(client.check(app, "q")) <= 3 for app in client.list_app_ids("q"))


if __name__ == "__main__":
    live(sys.argv[1], int(sys.argv[2]))

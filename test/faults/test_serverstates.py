"""Servers that are killed, hang, are gone or can't be reached any more while states are
saved to them.

"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from patience import insist
from proxy import Proxy
from savers import Client, start, state_of
from server_mongo import MongoServer, connect_mongo

from zensols.persist.error import StoreUnavailableError

ENGINES = ("postgres", "redis", "mongo")
KINDS = {
    "postgres": "PostgreSQLPersister",
    "redis": "RedisPersister",
    "mongo": "MongoDBPersister",
}


@dataclass
class Place:
    """A server, and a persister on it."""

    server: Any
    kind: str
    values: dict[str, Any]

    def open(self, **values: Any) -> Client:
        return Client(self.kind, {**self.values, **values})

    def through(self, port: int) -> dict[str, Any]:
        """What the persister takes to go by another port."""
        if "port" in self.values:
            return {"port": port}
        return {"uri": self.values["uri"].replace(f":{self.server.port}", f":{port}")}


@pytest.fixture(params=[(e, p) for e in ENGINES for p in ("", "Async")], ids="".join)
def place(request: pytest.FixtureRequest) -> Place:
    engine, prefix = request.param
    server: Any
    if engine == "postgres":
        server = request.getfixturevalue("postgres_server")
        values = {"uri": request.getfixturevalue("postgres_database"), "timeout": 60}
    elif engine == "redis":
        start_redis = request.getfixturevalue("start_redis")
        server = start_redis("--appendfsync", "always")
        values = {"port": server.port, "timeout": 60}
    else:
        server = request.getfixturevalue("own_mongo_server")
        values = {"uri": server.url, "db_name": "data", "timeout": 60}
    return Place(server, prefix + KINDS[engine], values)


def test_server_killed_while_states_are_saved(place: Place) -> None:
    """What was acknowledged is there, once, and nothing is there in part."""
    acknowledged: list[int] = []
    with start(place.kind, place.values, 0, 1, 0) as saver:
        assert saver.stdin is not None
        assert saver.stdout is not None
        assert saver.stdout.readline() == "ready\n"
        for turn in range(3):
            while len(acknowledged) < 20 * (turn + 1):
                line = saver.stdout.readline()
                assert line, "it ended by itself"
                if line == "unavailable\n":
                    saver.stdin.write("\n")
                    saver.stdin.flush()
                else:
                    acknowledged.append(int(line))
            if turn < 2:
                place.server.kill()
                place.server.start()
        saver.kill()
        rest = saver.stdout.read().splitlines(keepends=True)
    acknowledged += [int(line) for line in rest if line[0] != "u" and line[-1] == "\n"]
    with place.open() as client:
        there = client.check()
    assert len(there) == len(set(there)), "one was saved twice"
    assert set(acknowledged) <= set(there)
    # But for what was being saved when it was killed.
    assert len(there) <= len(acknowledged) + 4


def test_server_restarted_between(place: Place) -> None:
    """A restart is not noticed, whatever comes first after it."""
    with place.open() as client:
        client.step(0)
        failed = "p", "app", 2, "step", state_of(2), "failed"
        uses: list[Callable[[], object]] = [
            lambda: client.load("p", "app"),
            lambda: client.step(1),
            lambda: client.save(*failed),
            lambda: client.fork("p", "app", 1, "fork"),
        ]
        for use in uses:
            place.server.kill()
            place.server.start()
            use()
        assert client.check() == [0, 1, 2]
        assert client.check("fork") == [0, 1]


def test_server_that_is_gone(place: Place) -> None:
    """One error says so, and nothing is lost."""
    with place.open(timeout=2) as client:
        insist(lambda: client.step(0))
        place.server.kill()
        try:
            for use in (lambda: client.load("p", "app"), lambda: client.step(1)):
                refuse(use, place, "check that it runs|doesn't answer")
        finally:
            place.server.start()
    with place.open() as client:
        assert client.check() == [0]


def test_server_that_hangs(place: Place) -> None:
    """Nobody waits much longer than the timeout."""
    with place.open(timeout=2) as hanging:
        insist(lambda: hanging.step(0))
        place.server.pause()
        try:
            refuse(lambda: hanging.step(1), place, "longer timeout|doesn't answer")
        finally:
            place.server.resume()
    with place.open() as client:
        # Whether it has been saved meanwhile or not.
        client.step(1)
        assert client.check() == [0, 1]


def refuse(use: Callable[[], object], place: Place, message: str) -> None:
    begin = time.monotonic()
    with pytest.raises(StoreUnavailableError, match=message) as caught:
        use()
    assert time.monotonic() - begin < 60
    assert str(place.server.port) in str(caught.value)


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("status", ["completed", "failed"])
def test_connection_dropped_in_mid_save(
    place: Place, answered: bool, status: str
) -> None:
    """The state is saved once, whether the server had got it or not."""
    with (
        Proxy(place.server.port) as proxy,
        place.open(**place.through(proxy.port)) as client,
    ):
        client.step(0)
        proxy.cut(b"a step", answered, for_good=False)
        client.save("p", "app", 1, "a step", state_of(1), status)
        assert proxy.cuts == 1
        assert client.check() == [0, 1]


@pytest.mark.parametrize("answered", [False, True])
def test_network_dropped_in_mid_save(place: Place, answered: bool) -> None:
    """One error says so, and saving again is right, whether it was saved or not."""
    with Proxy(place.server.port) as proxy:
        values = {**place.through(proxy.port), "timeout": 2}
        with place.open(**values) as client:
            insist(lambda: client.step(0))
            proxy.cut(b"a step", answered, for_good=True)
            while not proxy.cuts:
                with pytest.raises(StoreUnavailableError, match=str(proxy.port)):
                    client.step(1, "a step")
            with place.open() as other:
                assert other.check() == ([0, 1] if answered else [0])
                proxy.mend()
                insist(lambda: client.step(1, "a step"))
                assert other.check() == [0, 1]


@pytest.mark.parametrize("prefix", ["", "Async"])
@pytest.mark.parametrize("engine", ENGINES)
def test_wrong_credentials(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str, prefix: str
) -> None:
    """The error says so, but not what was given."""
    values: dict[str, Any]
    if engine == "postgres":
        url = request.getfixturevalue("postgres_guarded_url")
        values = {"uri": url.replace("guarded:", "guarded:wr0ng")}
    elif engine == "redis":
        server = request.getfixturevalue("start_redis")("--requirepass", "right")
        values = {"port": server.port, "password": "wr0ng"}
    else:
        with MongoServer(tmp_path) as server, connect_mongo(server.url) as client:
            client.data.command("createUser", "ann", pwd="right", roles=["readWrite"])
        server = request.getfixturevalue("guarded_mongo")
        values = {
            "uri": server.url.replace("//", "//ann:wr0ng@") + "data",
            "db_name": "data",
        }
    with Client(prefix + KINDS[engine], {**values, "timeout": 60}) as persister:
        for use in (lambda: persister.load("p", "app"), lambda: persister.step(1)):
            with pytest.raises(StoreUnavailableError, match="password") as caught:
                use()
            assert "wr0ng" not in str(caught.value)


@pytest.fixture
def guarded_mongo(tmp_path: Path) -> Iterator[MongoServer]:
    """A server on what is there, which lets in only whom it knows."""
    with MongoServer(tmp_path, "--auth") as server:
        yield server

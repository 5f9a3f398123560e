"""States that were damaged where they are stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from savers import Client
from server_mongo import connect_mongo

from zensols.persist.error import CorruptDataError
from zensols.persist.state import State

Damage = Callable[[bytes], bytes]
KINDS = {
    "sqlite": "SQLitePersister",
    "postgres": "PostgreSQLPersister",
    "redis": "RedisPersister",
    "mongo": "MongoDBPersister",
}


def state(number: int) -> State:
    text = [f"{index:04d}" + "x" * 100 for index in range(100 + number)]
    return State(text=text, number=number)


@pytest.fixture(params=[(e, p) for e in KINDS for p in ("", "Async")], ids="".join)
def place(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[str, dict[str, Any], Callable[[Damage], None]]:
    """A persister's class, what it takes, and what damages its record 5."""
    engine, prefix = request.param
    if engine == "sqlite":
        path = tmp_path / "a.db"

        def damage(change: Damage) -> None:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.create_function("change", 1, change)
                connection.execute(
                    "UPDATE burr_state SET payload = change(payload) "
                    "WHERE sequence_id = 5"
                )

        values: dict[str, Any] = {"db_path": path}
    elif engine == "postgres":
        url = request.getfixturevalue("postgres_url")

        def damage(change: Damage) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                ((payload,),) = connection.execute(
                    "SELECT payload FROM burr_state WHERE sequence_id = 5"
                ).fetchall()
                connection.execute(
                    "UPDATE burr_state SET payload = %s WHERE sequence_id = 5",
                    (change(payload),),
                )

        values = {"uri": url}
    elif engine == "redis":
        server, _, namespace = request.getfixturevalue("redis_url").partition(
            "?namespace="
        )

        def damage(change: Damage) -> None:
            from redis import Redis

            with Redis.from_url(server, protocol=2) as client:
                for key in client.keys(f"{namespace}%states:record:*"):
                    value = client.get(key)
                    if value.split(b":", 3)[2] == b"5":
                        head = value.index(b"]") + 1
                        head = value.index(b"]", head) + 1
                        client.set(key, value[:head] + change(value[head:]))

        values = {"url": server, "namespace": namespace}
    else:
        uri, _, name = request.getfixturevalue("mongo_url").rpartition("/")

        def damage(change: Damage) -> None:
            with connect_mongo(uri) as client:
                records = client[name]["mystates"]
                (found,) = records.find({"sequence_id": 5})
                changed = {"payload": change(found["payload"])}
                records.update_one({"_id": found["_id"]}, {"$set": changed})

        values = {"uri": uri, "db_name": name}
    return prefix + KINDS[engine], values, damage


DAMAGES: dict[str, Damage] = {
    "flipped": lambda payload: payload[:-1] + bytes([payload[-1] ^ 1]),
    "cut": lambda payload: payload[: len(payload) // 2],
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_delta(place: Any, damage: str) -> None:
    """The error names the step and what can be read; what is stored whole later can."""
    kind, values, damage_place = place
    with Client(kind, values) as client:
        for number in range(8):
            client.save("p", "app", number, "step", state(number), "completed")
        client.save("p", "app", 8, "step", {"small": True}, "completed")
        client.save("p", "app", 9, "step", state(9), "completed")
    damage_place(DAMAGES[damage])
    with Client(kind, values) as client:
        with pytest.raises(CorruptDataError) as caught:
            client.load("p", "app", 5)
        assert "State 5 of application 'app' in partition 'p' is da" in str(
            caught.value
        )
        assert "states 0 to 4, 6 to 9 can still be read" in str(caught.value)
        for number in (0, 1, 2, 3, 4, 6, 7, 9):
            assert client.load("p", "app", number)["state"] == state(number)
        assert client.load("p", "app")["sequence_id"] == 9
        client.save("p", "app", 10, "step", state(10), "completed")
        assert client.load("p", "app", 10)["state"] == state(10)

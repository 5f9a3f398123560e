from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import InvalidOperation
from server_mongo import MongoServer, connect_mongo

from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.stash import mongoclient
from zensols.persist.stash.mongoclient import MongoLink


@pytest.fixture
def link(mongo_url: str) -> Iterator[MongoLink]:
    link = MongoLink(mongo_url, timeout=60)
    yield link
    link.close()


def use(link: MongoLink) -> None:
    with link.errors():
        link.collection("a").find_one({})


def test_connects_once(link: MongoLink) -> None:
    assert link.collection("a").database is link.collection("b").database
    before = link.collection("a").database.client
    link.close()
    assert link.collection("a").database.client is not before
    use(link)


def test_threads_share_a_client(link: MongoLink) -> None:
    barrier = threading.Barrier(8)
    found: list[Any] = []

    def connect() -> None:
        barrier.wait()
        found.append(link.collection("a").database.client)

    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(client) for client in found}) == 1


def test_writes_reach_the_journal(link: MongoLink) -> None:
    assert link.collection("a").write_concern.document == {"j": True}
    other = MongoLink(f"{link.address}?journal=false", timeout=1)
    assert other.collection("a").write_concern.document == {"j": False}
    other.close()


def test_garbage_is_closed_by_another_thread(
    mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since that sets context variables, while which CPython 3.11 may be collecting
    it, and crash.

    """
    closers: list[threading.Thread] = []
    closed = threading.Event()
    really_finish = mongoclient._finish

    def finish(client: Any) -> None:
        closers.append(threading.current_thread())
        really_finish(client)
        closed.set()

    monkeypatch.setattr(mongoclient, "_finish", finish)
    link = MongoLink(mongo_url, timeout=30)
    use(link)
    client = link.collection("a").database.client
    # Garbage, and not freed before it is collected.
    cycle: list[Any] = [link]
    cycle.append(cycle)
    del link, cycle
    gc.collect()
    assert closed.wait(60)
    assert threading.current_thread() not in closers
    with pytest.raises(InvalidOperation):
        client.admin.command("ping")


@pytest.mark.parametrize("close", [True, False])
def test_closing_after_the_server_died_waits_little(
    own_mongo_server: MongoServer, close: bool
) -> None:
    link = MongoLink(f"{own_mongo_server.url}data", timeout=120)
    use(link)
    own_mongo_server.kill()
    start = time.monotonic()
    if close:
        link.close()
    else:
        del link
        gc.collect()
    # A second or so, on a machine that has time for it.
    assert time.monotonic() - start < 60


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("mongodb://ann:secret@127.0.0.1:1/data", "doesn't answer within 0.3 seconds"),
        ("mongodb://ann:secret@nowhere.invalid/data", "doesn't answer"),
        ("mongodb://ann:secret@127.0.0.1:port/data", "no address"),
        ("mongodb://ann:sec/ret@127.0.0.1/data", "no address"),
        ("mongodb://ann:secret@127.0.0.1:1", "No database"),
        ("mongodb://ann:secret@127.0.0.1:1/a b", "no address|can't be used"),
        ("mongodb://ann:secret@127.0.0.1:1/data?w=-1", "no address"),
        ("mongodb://ann:secret@127.0.0.1:1/data?authMechanism=none", "no address"),
        ("mongodb://ann:secret@127.0.0.1:1/data?tsl=true", "no address"),
    ],
)
def test_wrong_address(address: str, says: str) -> None:
    link = MongoLink(address, timeout=0.3)
    with pytest.raises(StoreUnavailableError, match=says) as e:
        use(link)
    error: BaseException | None = e.value
    assert "mongodb://ann:***@" in str(error)
    while error is not None:
        assert "secret" not in str(error)
        assert "sec/ret" not in str(error)
        error = error.__cause__
    link.close()


def test_no_scheme() -> None:
    with pytest.raises(StoreUnavailableError, match="no address"):
        use(MongoLink("127.0.0.1:27017/data", timeout=1))


def test_wrong_collection(link: MongoLink) -> None:
    with pytest.raises(StoreUnavailableError, match=r"collection 'a\$b\.\.c'"):
        link.collection("a$b..c")


def test_wrong_database(mongo_server_url: str) -> None:
    link = MongoLink(f"{mongo_server_url}{'a' * 70}", timeout=5)
    says = "names of the database"
    with pytest.raises(StoreUnavailableError, match=says), link.errors():
        link.collection("a").insert_one({})
    link.close()


def test_passwords(tmp_path: Path) -> None:
    with MongoServer(tmp_path) as server, connect_mongo(server.url) as client:
        client.data.command("createUser", "ann", pwd="right@1", roles=["readWrite"])
    with MongoServer(tmp_path, "--auth") as server:
        host = server.url.removeprefix("mongodb://") + "data"
        link = MongoLink(f"mongodb://ann:right%401@{host}", timeout=60)
        use(link)
        link.close()
        for user in ("ann:wrong@", "bob:wrong@", ""):
            link = MongoLink(f"mongodb://{user}{host}", timeout=60)
            for _ in range(2):
                with pytest.raises(StoreUnavailableError, match="password") as e:
                    use(link)
                assert "wrong" not in str(e.value)
            link.close()


def test_now_is_as_in_documents(link: MongoLink) -> None:
    before = link.now("a")
    link.collection("a").update_one({}, {"$currentDate": {"at": True}}, upsert=True)
    found: Any = link.collection("a").find_one({})
    assert before <= found["at"] <= link.now("a")


def test_other_errors_are_of_ours(link: MongoLink) -> None:
    with pytest.raises(PersistableError, match="can't do as asked"), link.errors():
        link.collection("a").find_one({"$nonsense": 1})
    with pytest.raises(ZeroDivisionError), link.errors():
        raise ZeroDivisionError

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gridfs import GridFSBucket
from server_mongo import connect_mongo

from zensols.persist.codec import JsonCodec, default_codec
from zensols.persist.domain import FactoryStash, Reach, ReadOnlyStash, open_stash
from zensols.persist.error import PersistableError
from zensols.persist.missing import MISSING
from zensols.persist.stash.mongo import MongoStash
from zensols.persist.testing import StashContract


class TestMongoStash(StashContract):
    examples = 10
    processes = True
    large = True

    @pytest.fixture
    def stash(self, mongo_url: str) -> Iterator[Any]:
        stash = MongoStash[Any](mongo_url, namespace="mine")
        yield stash
        stash.close()

    def reopen(self, stash: Any) -> Any:
        return open_stash(stash.url)

    def _id(self, key: str) -> str:
        text = "".join(
            f"\uffff{ord(c):04x}" if c == "\uffff" or "\ud800" <= c < "\ue000" else c
            for c in key
        )
        return f"mine:{text}"

    def raw_get(self, stash: Any, key: str) -> Any:
        with connect_mongo(stash.address) as client:
            items = client.get_default_database()[stash.collection]
            found = items.find_one({"_id": self._id(key)})
            if found is None:
                return MISSING
            entry = found.get("entry")
            if entry is None:
                bucket = GridFSBucket(items.database, f"{stash.collection}.large")
                entry = bucket.open_download_stream(found["file"]).read()
        return default_codec().decode(entry, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        entry = bytes(default_codec().encode(value, key))
        with connect_mongo(stash.address) as client:
            items = client.get_default_database()[stash.collection]
            items.replace_one({"_id": self._id(key)}, {"entry": entry}, upsert=True)

    def raw_keys(self, stash: Any) -> Iterable[str]:
        with connect_mongo(stash.address) as client:
            items = client.get_default_database()[stash.collection]
            found = [item["_id"] for item in items.find({}, ["_id"])]
        assert all(item.startswith("mine:") for item in found)
        return [
            re.sub("\uffff(.{4})", lambda m: chr(int(m[1], 16)), item[5:])
            for item in found
        ]


@pytest.fixture
def stash(mongo_url: str) -> Iterator[MongoStash[Any]]:
    stash = MongoStash[Any](mongo_url)
    yield stash
    stash.close()


@pytest.fixture
def database(mongo_url: str) -> Iterator[Any]:
    """The driver's own view."""
    with connect_mongo(mongo_url) as client:
        yield client.get_default_database()


def test_nothing_is_made_before_first_write(
    stash: MongoStash[Any], database: Any
) -> None:
    assert "a" not in stash
    assert stash.load("a") is None
    assert len(stash) == 0
    assert list(stash) == []
    stash.delete("a")
    stash.clear()
    assert database.list_collection_names() == []


def test_connects_to_nothing_before_use() -> None:
    stash = MongoStash[Any]("mongodb://127.0.0.1:1/data")
    assert repr(stash) == "MongoStash('mongodb://127.0.0.1:1/data')"
    assert str(stash.url) == "mongodb://127.0.0.1:1/data"
    stash.close()
    stash.close()


def test_usable_after_close(stash: MongoStash[Any]) -> None:
    stash["a"] = 1
    stash.close()
    stash.close()
    assert stash["a"] == 1


def test_namespaces_share_a_collection(
    stash: MongoStash[Any], mongo_url: str, database: Any
) -> None:
    spaces = [
        MongoStash[Any](mongo_url, namespace=name) for name in ("", "a", "a-", "$b.c")
    ]
    for n, space in enumerate(spaces):
        space.dump_many([("key", n), ("a:key", n), (":key", n)])
    # The locks are those of who writes batches.
    assert set(database.list_collection_names()) == {"stash", "stash.locks"}
    for n, space in enumerate(spaces):
        assert dict(space) == {"key": n, "a:key": n, ":key": n}
        assert len(space) == 3
    spaces[1].clear()
    assert [len(space) for space in spaces] == [3, 0, 3, 3]
    for space in spaces:
        space.close()


@pytest.mark.parametrize("namespace", ["a:b", "\n", "\ud800"])
def test_wrong_namespace(namespace: str) -> None:
    with pytest.raises(PersistableError, match="Namespace"):
        MongoStash("mongodb://127.0.0.1/data", namespace=namespace)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_wrong_timeout(timeout: float) -> None:
    with pytest.raises(PersistableError, match="positive seconds"):
        MongoStash("mongodb://127.0.0.1/data", timeout=timeout)


def test_index_is_compound_and_unique(
    stash: MongoStash[Any], mongo_url: str, database: Any
) -> None:
    other = MongoStash[Any](mongo_url, namespace="b")
    stash["a"] = other["a"] = stash["a"] = 1
    other.close()
    assert sorted(item["_id"] for item in database.stash.find()) == [":a", "b:a"]
    assert list(database.stash.index_information()) == ["_id_"]


@pytest.mark.parametrize(
    "key",
    ["$where", "$gt", "a.b", ".", "'; DROP TABLE stash; --", "*", "\r\n", '{"$ne": 1}'],
)
def test_keys_are_no_operators(stash: MongoStash[Any], key: str) -> None:
    stash["other"] = 0
    assert stash.get(key, "none") == "none"
    assert key not in stash
    stash.delete(key)
    stash.delete_many([key])
    assert dict(stash.load_many([key])) == {}
    stash[key] = 1
    stash.dump_many([(key, 2)])
    with stash.lock(key):
        assert dict(stash) == {"other": 0, key: 2}
    stash.delete(key)
    assert dict(stash) == {"other": 0}


def test_many(stash: MongoStash[Any]) -> None:
    items = {f"{n}": n for n in range(2500)}
    stash.dump_many(items.items())
    assert len(stash) == 2500
    assert dict(stash) == items
    wanted = ["7", "none", "2000", "3", "7"]
    assert list(stash.load_many(wanted)) == [
        ("7", 7),
        ("2000", 2000),
        ("3", 3),
        ("7", 7),
    ]
    stash.dump_many([("7", "first"), ("new", 1), ("7", "last")])
    assert (stash["7"], stash["new"]) == ("last", 1)
    stash.delete_many(f"{n}" for n in range(1, 3000))
    assert sorted(stash.keys()) == ["0", "new"]


def test_url(mongo_url: str) -> None:
    stash = MongoStash[Any](
        mongo_url, collection="b c", namespace="d&e", timeout=2.5, codec=JsonCodec()
    )
    again: Any = open_stash(stash.url)
    assert isinstance(again, MongoStash)
    assert again.url == stash.url
    assert stash.url.options["codec"] == "json"
    again["a"] = [1]
    assert stash["a"] == [1]
    assert pickle.loads(pickle.dumps(stash))["a"] == [1]
    again.close()
    stash.close()


def test_url_with_options_of_the_connection() -> None:
    url = "mongodb://ann:s%40t@h1:1,h2:2/data?replicaSet=rs0&collection=a&w=majority"
    stash: Any = open_stash(url)
    assert stash.address == (
        "mongodb://ann:s%40t@h1:1,h2:2/data?replicaSet=rs0&w=majority"
    )
    assert stash.collection == "a"
    assert open_stash(stash.url) == stash
    assert "s%40t" not in f"{stash} {stash!r} {stash.url}"
    assert pickle.loads(pickle.dumps(stash)) == stash


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("mongodb://localhost", "no database"),
        ("mongodb://ann:secret@localhost/", "no database"),
        ("mongodb://localhost/data?colection=a", "unknown option 'colection'"),
        ("mongodb://localhost/data?timeout=-1", "number of seconds above 0"),
        ("mongodb://localhost/data?trust=any", "option 'trust'"),
    ],
)
def test_wrong_url(url: str, part: str) -> None:
    with pytest.raises(PersistableError, match=part) as e:
        open_stash(url)
    assert "secret" not in str(e.value)


def test_subclass_has_no_url() -> None:
    class Mine(MongoStash[Any]):
        pass

    with pytest.raises(PersistableError, match="no URL"):
        _ = Mine().url


def test_no_driver() -> None:
    code = """
import sys
sys.modules["pymongo"] = None
from zensols.persist.stash.mongo import MongoStash
stash = MongoStash()
try:
    stash["a"]
except Exception as e:
    print(type(e).__name__, e)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("PersistableError ")
    assert 'pip install "zensols.persist[mongo]"' in done.stdout


def test_driver_is_imported_on_first_use() -> None:
    code = """
import sys
from zensols.persist.stash.mongo import MongoStash
stash = MongoStash()
stash.url
print([name for name in ("pymongo", "bson", "gridfs") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_fork(stash: MongoStash[Any]) -> None:
    stash["a"] = 1
    pid = os.fork()
    if pid == 0:
        # No assertions of pytest's: the child is not to go on with the tests.
        try:
            stash["b"] = stash["a"] + 1
        finally:
            os._exit(0 if stash.get("b") == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert dict(stash) == {"a": 1, "b": 2}


class _Compute(ReadOnlyStash[Any]):
    def __init__(self, folder: str) -> None:
        self.folder = folder

    def load(self, name: str) -> Any:
        fd, _ = tempfile.mkstemp(dir=self.folder)
        os.close(fd)
        return os.getpid()

    def keys(self) -> Iterable[str]:
        return ["a"]


def test_factory_computes_once_in_many_processes(
    mongo_url: str, tmp_path: Path
) -> None:
    pids = []
    read, write = os.pipe()
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            try:
                # All start at once, when this is closed.
                os.close(write)
                os.read(read, 1)
                stash = FactoryStash(
                    MongoStash[Any](mongo_url), _Compute(str(tmp_path))
                )
                os._exit(0 if isinstance(stash["a"], int) else 1)
            finally:
                os._exit(2)
        pids.append(pid)
    os.close(write)
    os.close(read)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    assert codes == [0] * 4
    assert len(list(tmp_path.iterdir())) == 1


def test_beside_is_a_collection(stash: MongoStash[Any]) -> None:
    beside: Any = stash.beside("notes")
    other: Any = MongoStash(stash.address, namespace="other").beside("notes")
    beside["a"], other["a"] = {"done": True}, 2
    assert beside.entry_info("a").codec == "json"
    assert (dict(beside), dict(other)) == ({"a": {"done": True}}, {"a": 2})
    with connect_mongo(stash.address) as client:
        database = client.get_default_database()
        assert database.list_collection_names() == ["stash.beside.notes"]
    beside.close()
    other.close()


def test_reach() -> None:
    assert MongoStash("mongodb://[::1]:27017/data").reach is Reach.MACHINE
    assert MongoStash("mongodb+srv://db.example.org/data").reach is Reach.NETWORK

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from server_mongo import connect_mongo

from zensols.persist.error import CorruptDataError
from zensols.persist.stash.mongoclient import MongoLink
from zensols.persist.stash.mongoitems import MongoItems

SMALL = b"small"
LARGE = bytes(range(256)) * (1 << 16)


@pytest.fixture
def link(mongo_url: str) -> Iterator[MongoLink]:
    link = MongoLink(mongo_url, timeout=60)
    yield link
    link.close()


@pytest.fixture
def items(link: MongoLink) -> MongoItems:
    return MongoItems(link, "x")


@pytest.fixture
def database(mongo_url: str) -> Iterator[Any]:
    with connect_mongo(mongo_url) as client:
        yield client.get_default_database()


def count_files(database: Any) -> tuple[int, int]:
    """Return how many files there are and that have pieces."""
    files = database["x.large.files"].count_documents({})
    return files, len(database["x.large.chunks"].distinct("files_id"))


def test_64_mib(items: MongoItems, database: Any) -> None:
    entry = LARGE * 4
    assert len(entry) == 64 << 20
    items.dump("a", entry)
    assert items.load("a") == entry
    assert items.exists("a")
    assert list(items.load_many(["a"])) == [("a", entry)]
    assert count_files(database) == (1, 1)


@pytest.mark.parametrize("size", [(15 << 20) - 4, (15 << 20) - 3, 1 << 24])
def test_around_the_largest_document(
    items: MongoItems, database: Any, size: int
) -> None:
    items.dump("a", bytes(size))
    assert items.load("a") == bytes(size)
    is_file = size > (15 << 20) - 4
    assert count_files(database) == (is_file, is_file)
    assert ("file" in database.x.find_one()) == is_file


def test_long_identifier(items: MongoItems) -> None:
    item = "a" * 100_000
    items.dump(item, bytes((15 << 20) - 1))
    items.dump_many([(f"{item}b", SMALL)])
    assert items.load(item) == bytes((15 << 20) - 1)
    assert items.load(f"{item}b") == SMALL


@pytest.mark.parametrize("many", [False, True])
def test_growing_and_shrinking(items: MongoItems, database: Any, many: bool) -> None:
    for n, entry in enumerate((SMALL, LARGE, LARGE[::-1], SMALL, LARGE)):
        if many:
            items.dump_many([("other", SMALL), ("a", entry)])
        else:
            items.dump("a", entry)
        assert items.load("a") == entry, n
        expected = int(entry is not SMALL)
        assert count_files(database) == (expected, expected), n
        assert database["x.changes"].count_documents({}) == 0
    items.delete(["a"])
    assert items.load("a") is None
    assert count_files(database) == (0, 0)


def test_sizes_mixed(items: MongoItems, database: Any) -> None:
    items.dump_many(
        [("a", SMALL), ("b", LARGE), ("a", LARGE), ("b", SMALL), ("c", LARGE)]
    )
    assert dict(items.load_many("abcd")) == {"a": LARGE, "b": SMALL, "c": LARGE}
    assert count_files(database) == (2, 2)
    items.delete(["a", "b", "none"])
    assert list(items.ids("", "~")) == ["c"]
    items.clear("", "~")
    assert items.count("", "~") == 0
    assert count_files(database) == (0, 0)


def test_clear_leaves_what_is_outside(items: MongoItems, database: Any) -> None:
    items.dump_many([("a", LARGE), ("b", SMALL), ("b:c", SMALL), ("c", LARGE)])
    items.clear("a", "c")
    assert list(items.ids("", "~")) == ["c"]
    assert items.load("c") == LARGE
    assert count_files(database) == (1, 1)


def test_threads_replace_a_large_one(items: MongoItems, database: Any) -> None:
    entries = [bytes([n]) * (1 << 24) for n in range(3)] + [SMALL]
    wrong: list[Any] = []

    def use(n: int) -> None:
        try:
            for turn in range(3):
                items.dump("a", entries[(n + turn) % 4])
                found = items.load("a")
                if found is not None and found not in entries:
                    wrong.append(found[:10])
                if turn == 1:
                    items.delete(["a"])
        except Exception as e:
            wrong.append(e)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    items.dump("a", LARGE)
    assert items.load("a") == LARGE
    assert count_files(database) == (1, 1)
    assert database["x.changes"].count_documents({}) == 0


def test_threads_add_the_same(items: MongoItems) -> None:
    barrier = threading.Barrier(6)
    errors: list[Exception] = []

    def add(n: int) -> None:
        try:
            for turn in range(20):
                barrier.wait(60)
                if n % 2:
                    items.dump(f"{turn}", b"%d" % n)
                else:
                    items.dump_many([(f"{turn}", b"%d" % n)] * 2)
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = dict(items.load_many(f"{turn}" for turn in range(20)))
    assert len(found) == 20
    assert {*found.values()} <= {b"%d" % n for n in range(6)}


@pytest.mark.parametrize(
    "document", [{}, {"entry": "text"}, {"entry": None}, {"file": 1}, {"entry": 1}]
)
def test_damaged(items: MongoItems, database: Any, document: Any) -> None:
    database.x.insert_one({"_id": "a", **document})
    with pytest.raises(CorruptDataError, match="'a' of MongoItems"):
        items.load("a")
    with pytest.raises(CorruptDataError, match="'a' of MongoItems"):
        list(items.load_many(["a"]))
    items.dump("a", SMALL)
    assert items.load("a") == SMALL


def test_damaged_file(items: MongoItems, database: Any) -> None:
    items.dump("a", LARGE)
    database["x.large.chunks"].delete_one({"n": 1})
    with pytest.raises(CorruptDataError, match="is not there"):
        items.load("a")
    items.delete(["a"])
    assert count_files(database) == (0, 0)

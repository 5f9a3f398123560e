from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from gridfs import GridFSBucket
from server_mongo import connect_mongo

from zensols.persist.stash.mongoclient import MongoLink
from zensols.persist.stash.mongofiles import MongoFiles, insist

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def files(mongo_url: str) -> Iterator[MongoFiles]:
    link = MongoLink(mongo_url, timeout=60)
    yield MongoFiles(link, "x")
    link.close()


@pytest.fixture
def database(mongo_url: str) -> Iterator[Any]:
    with connect_mongo(mongo_url) as client:
        yield client.get_default_database()


def file_ids(database: Any) -> set[Any]:
    pieces = database["x.large.chunks"].distinct("files_id")
    return {*database["x.large.files"].distinct("_id"), *pieces}


def named(database: Any, item: str) -> Any:
    return database.x.find_one({"_id": item})["file"]


def test_dump_and_load(files: MongoFiles, database: Any) -> None:
    files.dump("a", b"1" * 9_000_000)
    assert files.load(named(database, "a")) == b"1" * 9_000_000
    files.dump("a", b"")
    assert files.load(named(database, "a")) == b""
    assert file_ids(database) == {named(database, "a")}
    assert files.load("none") is None


def test_change(files: MongoFiles, database: Any) -> None:
    files.dump("a", b"1")
    files.dump("b", b"2")
    files.change("a", lambda: database.x.delete_one({"_id": "a"}))
    assert file_ids(database) == {named(database, "b")}
    assert database["x.changes"].count_documents({}) == 0


def begin(database: Any, item: str, at: datetime | None, uploading: bool) -> Any:
    """Note a change as its writer does, at some time or just now."""
    file = ObjectId()
    change = {"_id": file, "item": item, "uploading": uploading}
    database["x.changes"].insert_one({**change, "at": at or datetime.now(UTC)})
    return file


def upload(database: Any, file: Any, name: str, finish: bool = True) -> None:
    bucket = GridFSBucket(database, "x.large", 10)
    stream = bucket.open_upload_stream_with_id(file, name)
    stream.write(b"2" * 25)
    if finish:
        stream.close()
    else:
        database["x.large.chunks"].insert_one({"files_id": file, "n": 9, "data": b""})


@pytest.mark.parametrize("finish", [True, False])
def test_writer_killed_while_uploading(
    files: MongoFiles, database: Any, finish: bool
) -> None:
    files.dump("a", b"1")
    name = database["x.large.files"].find_one()["filename"]
    dead = begin(database, "a", LONG_AGO, uploading=True)
    upload(database, dead, name, finish)
    assert dead in file_ids(database)
    files.recover()
    assert file_ids(database) == {named(database, "a")}
    assert files.load(named(database, "a")) == b"1"
    assert database["x.changes"].count_documents({}) == 0


def test_writer_killed_before_deleting_the_old_file(
    files: MongoFiles, database: Any
) -> None:
    files.dump("a", b"1")
    old = database["x.large.files"].find_one()
    new = begin(database, "a", LONG_AGO, uploading=True)
    upload(database, new, old["filename"])
    database.x.replace_one({"_id": "a"}, {"file": new})
    files.recover()
    assert file_ids(database) == {new}
    assert files.load(new) == b"2" * 25


def test_writer_killed_while_deleting(files: MongoFiles, database: Any) -> None:
    files.dump("a", b"1")
    begin(database, "a", LONG_AGO, uploading=False)
    database.x.delete_one({"_id": "a"})
    files.recover()
    assert file_ids(database) == set()
    assert database["x.changes"].count_documents({}) == 0


def test_next_writer_recovers(files: MongoFiles, database: Any) -> None:
    dead = begin(database, "other", LONG_AGO, uploading=True)
    upload(database, dead, "any", finish=False)
    files.dump("a", b"1")
    assert file_ids(database) == {named(database, "a")}


def test_living_writers_are_left_alone(files: MongoFiles, database: Any) -> None:
    files.dump("a", b"1")
    name = database["x.large.files"].find_one()["filename"]
    living = begin(database, "a", None, uploading=True)
    upload(database, living, name)
    files.recover()
    files.dump("a", b"3")
    assert file_ids(database) == {named(database, "a"), living}
    assert database["x.changes"].count_documents({}) == 1


def test_writer_taken_for_dead_writes_again(
    files: MongoFiles, database: Any, mongo_url: str
) -> None:
    """It was stopped for so long that another one has tidied up after it."""
    other = MongoFiles(MongoLink(mongo_url, timeout=60), "x")
    uploads = []

    class Stopped(MongoFiles):
        def _upload(self, file: Any, item: str, entry: bytes) -> None:
            super()._upload(file, item, entry)
            uploads.append(file)
            if len(uploads) == 1:
                database["x.changes"].update_one(
                    {"_id": file}, {"$set": {"at": LONG_AGO}}
                )
                other.recover()

    Stopped(files._link, "x").dump("a", b"1")
    assert len(uploads) == 2
    assert file_ids(database) == {named(database, "a")} == {uploads[1]}
    assert files.load(uploads[1]) == b"1"
    other._link.close()


def test_insist(database: Any) -> None:
    database.t.insert_one({"_id": 1})
    tries = []

    def insert() -> None:
        tries.append(1)
        database.t.insert_one({"_id": len(tries)})

    insist(insert)
    assert len(tries) == 2

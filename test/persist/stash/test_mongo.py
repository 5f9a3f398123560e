from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from server_mongo import connect_mongo

from zensols.persist.codec import default_codec
from zensols.persist.domain import open_stash
from zensols.persist.missing import MISSING
from zensols.persist.stash.mongo import MongoStash
from zensols.persist.testing import StashContract


class TestMongoStash(StashContract):
    processes = True
    examples = 10

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
        return default_codec().decode(found["entry"], key)

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

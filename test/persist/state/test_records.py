"""What a database does for persisters."""

from __future__ import annotations

import inspect
import pickle

import pytest

from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.mongorecords import MongoRecords
from zensols.persist.state.records import ALL, ANY, Records, Refused
from zensols.persist.state.redisrecords import RedisRecords
from zensols.persist.state.sqliterecords import SqliteRecords


@pytest.mark.parametrize("sentinel", [ALL, ANY, *Refused])
def test_sentinels_stay_what_they_are(sentinel: object) -> None:
    assert pickle.loads(pickle.dumps(sentinel)) is sentinel


@pytest.mark.parametrize(
    "kind", [MemoryRecords, MongoRecords, RedisRecords, SqliteRecords]
)
def test_implementations_take_what_the_protocol_says(kind: type[Records]) -> None:
    methods = [name for name in vars(Records) if not name.startswith("_")]
    assert "add" in methods
    for name in methods:
        wanted = list(inspect.signature(getattr(Records, name)).parameters)
        assert list(inspect.signature(getattr(kind, name)).parameters) == wanted, name

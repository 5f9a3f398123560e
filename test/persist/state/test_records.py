"""What a database does for persisters."""

from __future__ import annotations

import inspect
import pickle

import pytest

from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.mongoupkeep import MongoUpkeep
from zensols.persist.state.postgreswork import PostgresWork
from zensols.persist.state.records import ALL, ANY, Records, Refused
from zensols.persist.state.rediscalls import RedisCalls
from zensols.persist.state.sqliterecords import SqliteRecords
from zensols.persist.state.stashrecords import StashRecords


@pytest.mark.parametrize("sentinel", [ALL, ANY, *Refused])
def test_sentinels_stay_what_they_are(sentinel: object) -> None:
    assert pickle.loads(pickle.dumps(sentinel)) is sentinel


@pytest.mark.parametrize(
    "kind",
    [
        MemoryRecords,
        MongoUpkeep,
        PostgresWork,
        RedisCalls,
        SqliteRecords,
        StashRecords,
    ],
)
def test_implementations_take_what_the_protocol_says(kind: type) -> None:
    # What plans for others has nothing to close.
    methods = vars(Records).keys() - {"close"}
    methods = {name for name in methods if not name.startswith("_")}
    assert "add" in methods
    for name in methods:
        wanted = list(inspect.signature(getattr(Records, name)).parameters)
        assert list(inspect.signature(getattr(kind, name)).parameters) == wanted, name

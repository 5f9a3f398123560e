"""Records in MongoDB, for coroutines."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from zensols.persist.state.asyncmongorecords import AsyncMongoRecords
from zensols.persist.state.mongorecords import MongoRecords


@pytest.fixture
def records(mongo_url: str) -> AsyncMongoRecords:
    return AsyncMongoRecords(mongo_url, "states", timeout=60)


def test_shares_its_documents(records: AsyncMongoRecords) -> None:
    async def use() -> bool:
        assert not await records.is_set_up()
        await records.set_up()
        await records.close()
        return await records.is_set_up()

    assert asyncio.run(use())
    other = MongoRecords(*pickle.loads(pickle.dumps(records))._arguments)
    assert other.is_set_up()
    other.close()


def test_loops_have_connections_of_their_own(records: AsyncMongoRecords) -> None:
    async def use() -> None:
        assert await records.find("p", "app", None) is None
        await records.close()
        assert await records.find_branch("p", "app") is None
        await records.close()

    for _ in range(2):
        asyncio.run(use())

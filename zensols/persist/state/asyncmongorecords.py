"""Records in MongoDB, for coroutines."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ..stash.mongoclient import WRONG_LOGIN, MongoLink
from .mongodocuments import Ask, Document
from .mongoupkeep import MongoUpkeep
from .plannedrecords import AsyncPlannedRecords
from .steps import Steps, drive_async

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

__all__ = ["AsyncMongoRecords"]

_CLOSE: Final = 1.0
"""Seconds that closing may wait for a server to hear of it."""


class AsyncMongoRecords(AsyncPlannedRecords):
    """Has the methods of :class:`.Records` as coroutines, with the same documents as
    :class:`.MongoRecords`.

    For the coroutines of one event loop at a time.

    """

    def __init__(self, address: str, name: str, timeout: float) -> None:
        """
        :param address: as for :class:`.MongoRecords`, like all that follow

        """
        super().__init__(MongoUpkeep(name), address, name, timeout)
        self.link = MongoLink(address, timeout)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: AsyncMongoClient[Document] | None = None

    async def carry_out(self, plan: Steps[Any]) -> Any:
        """Return what comes of steps."""
        return await drive_async(plan, self)

    async def ask(self, ask: Ask) -> Any:
        """Return what the server answers, None if it has such a document already."""
        from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure

        client = self._connected()

        async def use() -> Any:
            collection = client.get_default_database()[ask.collection]
            found = getattr(collection, ask.method)(*ask.arguments, **ask.options)
            return await (found.to_list() if ask.method == "find" else found)

        with self.link.errors():
            try:
                try:
                    return await use()
                except AutoReconnect as e:
                    # The rest of its kind has waited for the server already.
                    if ask.once or type(e) is not AutoReconnect:
                        raise
                    return await use()
            except DuplicateKeyError:
                return None
            except OperationFailure as e:
                if e.code == WRONG_LOGIN:
                    await self.close()
                raise

    def _connected(self) -> AsyncMongoClient[Document]:
        loop = asyncio.get_running_loop()
        if self._client is None or loop is not self._loop:
            # Connections belong to the loop that they were made in.
            self._loop, self._client = loop, self.link.open("AsyncMongoClient")
        return self._client

    async def close(self) -> None:
        """Free what it holds."""
        client, self._client = self._client, None
        if client is None or self._loop is not asyncio.get_running_loop():
            return
        import pymongo
        from pymongo.errors import PyMongoError

        # It tells the server, which may be dead.
        with suppress(PyMongoError), pymongo.timeout(_CLOSE):
            await client.close()

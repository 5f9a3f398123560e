"""Records in MongoDB, for coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ..error import StoreUnavailableError
from ..stash.mongoclient import MongoLink
from .mongodocuments import Ask, Document
from .mongoupkeep import MongoUpkeep
from .steps import Steps, drive_async

if TYPE_CHECKING:
    from pymongo import AsyncMongoClient

__all__ = ["AsyncMongoRecords"]

_MAKING: Final = frozenset({"add", "fork"})
"""The methods that need the indexes to be there."""

_CLOSE: Final = 1.0
"""Seconds that closing may wait for a server to hear of it."""


class AsyncMongoRecords:
    """Has the methods of :class:`.Records` as coroutines, with the same documents as
    :class:`.MongoRecords`.

    For the coroutines of one event loop at a time.

    """

    def __init__(self, address: str, name: str, timeout: float) -> None:
        """
        :param address: the connection string, with the database in its path

        :param name: the name of the collection, and what that of the other one
                     begins with

        :param timeout: how many seconds each operation may take

        """
        self._arguments = address, name, timeout
        self.link = MongoLink(address, timeout)
        self._steps = MongoUpkeep(name)
        self._is_set_up = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: AsyncMongoClient[Document] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._steps, name)

        async def call(*arguments: Any) -> Any:
            if not self._is_set_up:
                await (self.set_up() if name in _MAKING else self.is_set_up())
            steps: Steps[Any] = method(*arguments)
            return await drive_async(steps, self)

        return call

    async def is_set_up(self) -> bool:
        """Return whether there is all that is needed."""
        if not self._is_set_up:
            self._is_set_up = await drive_async(self._steps.is_set_up(), self)
        return self._is_set_up

    async def set_up(self) -> None:
        """Make what is needed."""
        if not self._is_set_up:
            self._is_set_up = await drive_async(self._steps.set_up(), self)

    async def ask(self, ask: Ask) -> Any:
        """Return what the server answers, None if it has such a document already."""
        from pymongo.errors import AutoReconnect, DuplicateKeyError

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

    def _connected(self) -> AsyncMongoClient[Document]:
        loop = asyncio.get_running_loop()
        if self._client is None or loop is not self._loop:
            # Connections belong to the loop that they were made in.
            self._loop, self._client = loop, self._open()
        return self._client

    def _open(self) -> AsyncMongoClient[Document]:
        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError
        from pymongo.uri_parser import parse_uri

        address = self.link.address
        limit = max(1, round(self.link.timeout * 1000))
        options: Document = {
            "timeoutMS": limit,
            "serverSelectionTimeoutMS": limit,
            "connectTimeoutMS": limit,
        }
        if "journal=" not in address.lower():
            # What is acknowledged is to outlive the server's process.
            options["journal"] = True
        try:
            # The client itself only warns of wrong options, and goes on without.
            parse_uri(address, warn=False, connect_timeout=self.link.timeout)
            return AsyncMongoClient(address, **options)
        except (PyMongoError, ValueError, TypeError):
            # What it says may quote a part of the password.
            raise StoreUnavailableError(
                f"{self.link!r} has no address of a MongoDB server: check the user, "
                f"host, port, database and options; in a user's name and password, "
                f"write :/?#[]@ as %3A and so on"
            ) from None

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

"""Connections to Redis of coroutines, made when first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ..stash.redisclient import RedisClient
from .asyncbatches import AsyncBatches

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

    from .rediscalls import Call

__all__ = ["AsyncRedisClient"]

_BATCH: Final = 16
"""How many calls are sent at once at most."""

_CONNECTIONS: Final = 2
"""How many connections there are at most: with two, the server works on one batch
while the next one is made ready.
"""


class AsyncRedisClient(RedisClient):
    """Runs scripts on a server.  What many coroutines ask for at one time is sent at
    once, over few connections.

    Calls for which the connection turns out to be dropped are sent once more.

    For the coroutines of one event loop at a time.

    >>> AsyncRedisClient("redis://ann:secret@localhost:6379/0", timeout=10)
    AsyncRedisClient('redis://ann:***@localhost:6379/0')

    """

    def __init__(self, address: str, timeout: float) -> None:
        """
        :param address: the server's URL

        :param timeout: how many seconds to wait for a connection, and for a reply

        """
        super().__init__(address, timeout)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._redis: Redis | None = None
        self._batches: AsyncBatches[Call[Any]] = AsyncBatches(
            self._send, _BATCH, _CONNECTIONS
        )

    async def run(self, call: Call[Any]) -> Any:
        """Return what the server answers to a call.

        :param call: what to run

        :raises StoreUnavailableError: if the server can't be reached, doesn't
                                       answer in time, or refuses

        """
        return await self._batches.ask(call)

    async def disconnect(self) -> None:
        """Drop the connections; the next call makes new ones."""
        client, self._redis = self._redis, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    async def _send(self, calls: Sequence[Call[Any]]) -> list[Any]:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Connections belong to the loop that they were made in.
            self._loop, self._redis = loop, None
        client = self._redis = self._redis or self._open_async()
        from redis import ConnectionError as DroppedError
        from redis import RedisError

        try:
            try:
                replies = await self._exchange(client, calls)
            except DroppedError as e:
                if type(e) is not DroppedError:
                    raise
                await client.connection_pool.disconnect(inuse_connections=False)
                replies = await self._exchange(client, calls)
        except RedisError as e:
            raise self._error(e) from e
        return [
            self._error(reply) if isinstance(reply, RedisError) else reply
            for reply in replies
        ]

    async def _exchange(self, client: Redis, calls: Sequence[Call[Any]]) -> list[Any]:
        from redis.exceptions import TimeoutError as LateError

        # Not all of it has types.
        pool: Any = client.connection_pool
        try:
            # One limit for all costs less than the driver's for each reply.
            async with asyncio.timeout(self.timeout):
                connection = await pool.get_connection()
                try:
                    return await _run_scripts(connection, calls)
                finally:
                    await pool.release(connection)
        except TimeoutError as e:
            raise LateError("Timeout reading from socket") from e

    def _open_async(self) -> Redis:
        try:
            import hiredis  # noqa: F401  which calls are packed with
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as e:
            raise self._missing() from e
        client: Redis = Redis.from_url(
            self.address,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,
            socket_connect_timeout=self.timeout,
        )
        return client


async def _run_scripts(
    connection: AbstractConnection, calls: Sequence[Call[Any]]
) -> list[Any]:
    from redis.exceptions import NoScriptError

    replies = await _ask(
        connection, [("EVALSHA", c.script.sha, 0, *c.arguments) for c in calls]
    )
    unknown = [i for i, r in enumerate(replies) if isinstance(r, NoScriptError)]
    texts = [("EVAL", calls[i].script.text, 0, *calls[i].arguments) for i in unknown]
    for index, reply in zip(unknown, await _ask(connection, texts), strict=True):
        replies[index] = reply
    return replies


async def _ask(
    connection: AbstractConnection, commands: Sequence[tuple[Any, ...]]
) -> list[Any]:
    """Send commands at once, and return the replies, errors among them."""
    from hiredis import pack_command
    from redis import ResponseError

    replies: list[Any] = []
    try:
        if commands:
            # What the driver itself packs with, but not for coroutines.
            packed = b"".join(map(pack_command, commands))
            await connection.send_packed_command(packed)
        for _ in commands:
            try:
                replies.append(await connection.read_response())
            except ResponseError as e:
                replies.append(e)
    except BaseException:
        # The replies that are still to come are nobody's.
        await connection.disconnect(nowait=True)
        raise
    return replies

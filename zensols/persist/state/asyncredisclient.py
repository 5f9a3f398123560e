"""Connections to Redis of coroutines, made when first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ..error import PersistableError
from ..stash.redisclient import RedisClient

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .rediscalls import Call

__all__ = ["AsyncRedisClient"]

_BATCH: Final = 64
"""How many calls are sent at once at most."""


class AsyncRedisClient(RedisClient):
    """Runs scripts on a server.  What coroutines ask for while others wait for it is
    sent at once then, over the same connection.

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
        self._waiting: list[tuple[Call[Any], asyncio.Future[Any]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def run(self, call: Call[Any]) -> Any:
        """Return what the server answers to a call.

        :param call: what to run

        :raises StoreUnavailableError: if the server can't be reached, doesn't
                                       answer in time, or refuses

        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Connections belong to the loop that they were made in.
            self._loop, self._redis, self._sender, self._waiting = loop, None, None, []
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((call, answer))
        if self._sender is None or self._sender.done():
            self._sender = loop.create_task(self._send_all())
        return await answer

    async def disconnect(self) -> None:
        """Drop the connections; the next call makes new ones."""
        client, self._redis = self._redis, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    async def _send_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            error: BaseException | None = None
            replies: list[Any] = []
            try:
                replies = await self._send([call for call, _ in batch])
            except Exception as e:  # noqa: BLE001  raised where it was asked for
                error = e
            except asyncio.CancelledError:
                for _, answer in (*batch, *self._waiting):
                    answer.cancel()
                self._waiting = []
                raise
            for number, (_, answer) in enumerate(batch):
                outcome = error or replies[number]
                if answer.done():
                    continue
                if isinstance(outcome, BaseException):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)

    async def _send(self, calls: Sequence[Call[Any]]) -> list[Any]:
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
        from redis.exceptions import NoScriptError

        async with client.pipeline(transaction=False) as pipeline:
            for call in calls:
                pipeline.evalsha(call.script.sha, 0, *call.arguments)
            replies = await pipeline.execute(raise_on_error=False)
            unknown = [i for i, r in enumerate(replies) if isinstance(r, NoScriptError)]
            for index in unknown:
                pipeline.eval(calls[index].script.text, 0, *calls[index].arguments)
            if unknown:
                again = await pipeline.execute(raise_on_error=False)
                for index, reply in zip(unknown, again, strict=True):
                    replies[index] = reply
        return list(replies)

    def _open_async(self) -> Redis:
        try:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as e:
            raise PersistableError(
                f"Persisters at {self._url} need the package redis: "
                'pip install "zensols.persist[redis]"'
            ) from e
        client: Redis = Redis.from_url(
            self.address,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self.timeout,
            socket_connect_timeout=self.timeout,
        )
        return client

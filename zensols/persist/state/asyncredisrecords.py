"""Records in Redis, for coroutines."""

from __future__ import annotations

from typing import Any

from .asyncredisclient import AsyncRedisClient
from .plannedrecords import AsyncPlannedRecords
from .rediscalls import Call, RedisCalls
from .redisrecords import RedisPlace

__all__ = ["AsyncRedisRecords"]


class AsyncRedisRecords(RedisPlace, AsyncPlannedRecords):
    """Has the methods of :class:`.Records` as coroutines, with the same keys as
    :class:`.RedisRecords`.

    For the coroutines of one event loop at a time.

    """

    def __init__(self, address: str, namespace: str, timeout: float) -> None:
        """
        :param address: as for :class:`.RedisRecords`, like all that follow

        """
        super().__init__(RedisCalls(namespace), address, namespace, timeout)
        self._client = AsyncRedisClient(address, timeout)

    async def carry_out(self, plan: Call[Any]) -> Any:
        """Return what the server's answer to a call means."""
        return plan.read(await self._client.run(plan))

    async def close(self) -> None:
        """Free what it holds."""
        await self._client.disconnect()

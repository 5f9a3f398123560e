"""Records in Redis, for coroutines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..domain import mask_passwords
from .asyncredisclient import AsyncRedisClient
from .rediscalls import Call, RedisCalls

__all__ = ["AsyncRedisRecords"]

_MAKING: Final = frozenset({"add", "fork"})
"""The methods that need the layout to be there."""


class AsyncRedisRecords:
    """Has the methods of :class:`.Records` as coroutines, with the same keys as
    :class:`.RedisRecords`.

    For the coroutines of one event loop at a time.

    """

    def __init__(self, address: str, namespace: str, timeout: float) -> None:
        """
        :param address: the server's URL

        :param namespace: what tells these keys from others in the database

        :param timeout: how many seconds to wait for a connection, and for a reply

        """
        self._arguments = address, namespace, timeout
        self._client = AsyncRedisClient(address, timeout)
        self._calls = RedisCalls(namespace)
        self._is_set_up = False

    @property
    def place(self) -> str:
        """The server's URL, without its password."""
        return mask_passwords(self._arguments[0])

    @property
    def namespace(self) -> str:
        """What tells these keys from others in the database."""
        return self._arguments[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._calls, name)

        async def call(*arguments: Any) -> Any:
            if not self._is_set_up:
                await (self.set_up() if name in _MAKING else self.is_set_up())
            return await self._run(method(*arguments))

        return call

    async def _run(self, call: Call[Any]) -> Any:
        return call.read(await self._client.run(call))

    async def is_set_up(self) -> bool:
        """Return whether there is all that is needed."""
        if not self._is_set_up:
            self._is_set_up = await self._run(self._calls.is_set_up())
        return self._is_set_up

    async def set_up(self) -> None:
        """Make what is needed."""
        if not self._is_set_up:
            self._is_set_up = await self._run(self._calls.set_up())

    async def close(self) -> None:
        """Free what it holds."""
        await self._client.disconnect()

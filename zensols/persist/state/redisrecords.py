"""Records in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..domain import mask_passwords
from ..stash.redisclient import RedisClient
from .plannedrecords import PlannedRecords
from .rediscalls import Call, RedisCalls

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["RedisPlace", "RedisRecords"]


class RedisPlace:
    """Where records in Redis are."""

    _arguments: tuple[Any, ...]

    @property
    def place(self) -> str:
        """The server's URL, without its password."""
        return mask_passwords(self._arguments[0])

    @property
    def namespace(self) -> str:
        """What tells these keys from others in the database."""
        namespace: str = self._arguments[1]
        return namespace


class RedisRecords(RedisPlace, PlannedRecords):
    """Keeps records in the keys of a Redis database; has the methods of
    :class:`.Records`.

    Safe to use from many threads, processes and machines at once, and across forks.

    """

    def __init__(self, address: str, namespace: str, timeout: float) -> None:
        """
        :param address: the server's URL

        :param namespace: what tells these keys from others in the database

        :param timeout: how many seconds to wait for a connection, and for a reply

        """
        super().__init__(RedisCalls(namespace), address, namespace, timeout)
        self._client = RedisClient(address, timeout)

    def carry_out(self, plan: Call[Any]) -> Any:
        """Return what the server's answer to a call means."""

        def use(client: Redis) -> Any:
            from redis.exceptions import NoScriptError

            try:
                return client.evalsha(plan.script.sha, 0, *plan.arguments)
            except NoScriptError:
                return client.eval(plan.script.text, 0, *plan.arguments)

        return plan.read(self._client.call(use))

    def close(self) -> None:
        """Free what it holds."""
        self._client.close()

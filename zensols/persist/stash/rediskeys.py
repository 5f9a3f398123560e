"""Listing the keys of a Redis database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from ..error import StoreUnavailableError
from .redisclient import RedisClient

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["walk"]

_STEP: Final = 1000
"""How many keys of the database are looked at for each command."""

_RECENT: Final = 50_000
"""How many keys at least are remembered so as not to be listed twice."""


def walk(client: RedisClient, prefix: bytes) -> Iterator[bytes]:
    """Return the names with a prefix, lazily.

    Where many keys are deleted meanwhile, so that its table shrinks, the server
    names some a second time, soon after the first: it goes on with the bucket that
    the last ones were merged into.  So the last ones are remembered, however many
    keys there are.

    :param client: runs commands on the server

    :param prefix: what the names begin with

    :raises StoreUnavailableError: if the server can't be reached, or was started
                                   anew before the end, as names might be missed

    """
    pattern = re.sub(rb"([*?\[\]\\])", rb"\\\1", prefix) + b"*"
    first_run: str | None = None
    cursor = 0
    older: set[bytes] = set()
    newer: set[bytes] = set()
    while True:
        run, cursor, found = _step(client, cursor, pattern)
        first_run = first_run or run
        if run != first_run:
            # The cursor of the old one means nothing to it.
            raise StoreUnavailableError(
                f"The server of {client!r} was started anew while its keys were "
                "listed: list them again"
            )
        for name in found:
            if name not in newer and name not in older:
                newer.add(name)
                yield name
        if len(newer) >= _RECENT:
            older, newer = newer, set()
        if cursor == 0:
            return


def _step(
    client: RedisClient, cursor: int, pattern: bytes
) -> tuple[str | None, int, list[bytes]]:
    """Return which run of the server it is, if it tells, and what it finds."""
    from redis.exceptions import NoPermissionError

    def scan(redis: Redis) -> list[Any]:
        with redis.pipeline(transaction=False) as pipeline:
            pipeline.info("server")
            pipeline.scan(cursor, match=pattern, count=_STEP)
            info, found = pipeline.execute(raise_on_error=False)
        if isinstance(info, NoPermissionError):
            info = {"run_id": None}
        for result in (info, found):
            if isinstance(result, Exception):
                raise result
        return [info["run_id"], *found]

    run, following, names = client.call(scan)
    return run, following, names

"""The scripts with which a Redis server finds what persisters ask for."""

from __future__ import annotations

import pytest
from redis import Redis

from zensols.persist.state import redisscripts, rediswriting
from zensols.persist.state.redisscripts import Script

SCRIPTS = [
    value
    for module in (redisscripts, rediswriting)
    for name in module.__all__
    if isinstance(value := getattr(module, name), Script)
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_server_knows_them_by_their_sums(script: Script, redis_server_url: str) -> None:
    with Redis.from_url(redis_server_url, protocol=2) as server:
        assert server.script_load(script.text) == script.sha

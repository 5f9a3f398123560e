"""A cluster of several processes, on which some die and some stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from crops import COUNT, Squares
from server_dask import DaskCluster

from zensols.multi.engine import DaskEngine
from zensols.persist import Stash, open_stash

EXPECTED = {str(number): number**2 for number in range(COUNT)}


@pytest.fixture(params=["postgres_url", "redis_url"])
def delegate(request: pytest.FixtureRequest) -> Any:
    stash = open_stash(request.getfixturevalue(request.param))
    yield stash
    stash.close()  # type: ignore[attr-defined]  # all on servers can be closed


def test_every_item_arrives_once_though_workers_die_and_stop(
    start_dask: Callable[[int], DaskCluster], delegate: Stash[int]
) -> None:
    cluster = start_dask(3)
    stash = Squares(delegate, chunk_size=1, engine=DaskEngine(address=cluster.address))
    arrived: list[tuple[str, int]] = []
    for pair in stash.as_completed():
        arrived.append(pair)
        if len(arrived) == 5:
            killed, stopped, _ = cluster.workers
            os.kill(killed.pid, signal.SIGKILL)
            os.kill(stopped.pid, signal.SIGSTOP)
    assert len(arrived) == COUNT
    assert dict(arrived) == EXPECTED
    assert dict(delegate) == EXPECTED
    again = Squares(delegate, engine=DaskEngine(address=cluster.address))
    assert (len(again), again.progress().done) == (COUNT, 0)
    stash.close()

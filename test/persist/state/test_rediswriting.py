"""The scripts with which a Redis server changes what persisters have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from zensols.persist.state import redisscripts as scripts
from zensols.persist.state import rediswriting as writing

ZERO = "0" * 16


@pytest.fixture
def run(redis_url: str) -> Iterator[Any]:
    url, _, namespace = redis_url.partition("?namespace=")
    with Redis.from_url(url, protocol=2) as server:
        yield lambda script, *arguments: server.eval(
            script.text, 0, f"{namespace}%states:", *arguments
        )


def add(run: Any, number: int, text: str, status: str = "completed") -> Any:
    head = f'["step","{status}","now",1,2,"whole",[],0]'
    rest = f"::{number}:{len(head)}:{head}{text}"
    return run(writing.ADD, "=p", "app", number, "step", status, "", "*", rest)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_adding_the_same_again_adds_nothing(run: Any, status: str) -> None:
    first = add(run, 1, "payload", status)
    again = add(run, 1, "payload", status)
    assert first == (again if status == "failed" else again[0])
    branch = run(scripts.FIND_BRANCH, "=p", "app")[0]
    assert len(run(scripts.LIST_RECORDS, 1, branch, ZERO, "")) == 1


def test_fork_sent_again_is_the_same(run: Any) -> None:
    record = add(run, 1, "payload")
    branch = run(scripts.FIND_BRANCH, "=p", "app")[0]
    token = uuid4().hex
    fork = "=p", "fork", branch, record, ZERO
    assert run(writing.FORK, *fork, token, branch) == 1
    # Even if the other one has been deleted since.
    run(writing.RELEASE, branch, "+inf")
    assert run(writing.FORK, *fork, token, branch) == 1
    assert run(writing.FORK, *fork, uuid4().hex, branch) == 0
    other = "=p", "other", *fork[2:]
    assert run(writing.FORK, *other, uuid4().hex, branch) == b"lost"
    assert len(run(scripts.FIND_BRANCHES, branch)) == 2


def test_branch_of_a_fork_is_kept(run: Any) -> None:
    record = add(run, 1, "payload")
    branch = run(scripts.FIND_BRANCH, "=p", "app")[0]
    run(writing.FORK, "=p", "fork", branch, record, ZERO, "token", branch)
    run(writing.RELEASE, branch, "+inf")
    run(writing.RELEASE, branch, "+inf")
    run(writing.DISCARD, 0, 1, record, 1, branch)
    assert [found[0] for found in run(scripts.FIND_BRANCHES, branch)].count(branch) == 1
    fork = run(scripts.FIND_BRANCH, "=p", "fork")[0]
    run(writing.RELEASE, fork, record)
    run(writing.DISCARD, 0, 0, 2, fork, branch)
    assert run(scripts.FIND_BRANCHES, branch) == []


def test_floor_only_grows(run: Any) -> None:
    records = [add(run, number, "payload") for number in range(3)]
    branch = run(scripts.FIND_BRANCH, "=p", "app")[0]
    for record in records[1], records[0]:
        run(writing.SET_FLOOR, branch, record)
        assert run(scripts.FIND_BRANCH, "=p", "app")[-1] == records[1]


def test_application_with_a_newer_record_is_not_deleted(run: Any) -> None:
    first = add(run, 1, "payload")
    newest = add(run, 2, "payload")
    branch = run(scripts.FIND_BRANCH, "=p", "app")[0]
    run(writing.RELEASE, branch, first)
    assert run(scripts.FIND_BRANCH, "=p", "app") is not None
    run(writing.RELEASE, branch, newest)
    assert run(scripts.FIND_BRANCH, "=p", "app") is None

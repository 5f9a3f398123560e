"""Records of a database whose use is planned once."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from zensols.persist.state.plannedrecords import AsyncPlannedRecords, PlannedRecords


class Plans:
    """Plans that name themselves."""

    def __getattr__(self, name: str) -> Any:
        if name == "unknown":
            raise AttributeError(name)
        return lambda *arguments: (name, *arguments)


class Waiting(PlannedRecords):
    def __init__(self, made: bool) -> None:
        super().__init__(Plans(), made)
        self.made = made
        self.done: list[Any] = []

    def carry_out(self, plan: Any) -> Any:
        self.done.append(plan[0])
        self.made = self.made or plan[0] == "set_up"
        return self.made


class Awaiting(AsyncPlannedRecords):
    def __init__(self, made: bool) -> None:
        super().__init__(Plans(), made)
        self.waiting = Waiting(made)

    @property
    def done(self) -> list[Any]:
        return self.waiting.done

    async def carry_out(self, plan: Any) -> Any:
        return self.waiting.carry_out(plan)


@pytest.fixture(params=[Waiting, Awaiting])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def do(records: Any, method: str, *arguments: Any) -> Any:
    result = getattr(records, method)(*arguments)
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def test_what_is_needed_is_made_before_something_is_added(kind: Any) -> None:
    records = kind(made=False)
    for _ in range(2):
        do(records, "find", "p", "app", None)
    assert not do(records, "is_set_up")
    do(records, "add", "draft", None)
    do(records, "fork", "p", "app", None, None)
    assert records.done == [
        *("is_set_up", "find", "is_set_up", "find", "is_set_up"),
        *("set_up", "add", "fork"),
    ]


def test_what_is_there_is_looked_for_once(kind: Any) -> None:
    records = kind(made=True)
    for method in "find", "add", "is_set_up", "set_up":
        do(records, method)
    assert records.done == ["is_set_up", "find", "add"]


def test_copies_find_out_anew(kind: Any) -> None:
    records = kind(made=True)
    do(records, "find")
    copy = pickle.loads(pickle.dumps(records))
    assert do(copy, "find")
    assert copy.done == ["is_set_up", "find"]


def test_unknown_methods_are_attribute_errors(kind: Any) -> None:
    for name in "_hidden", "unknown":
        with pytest.raises(AttributeError):
            getattr(kind(made=True), name)

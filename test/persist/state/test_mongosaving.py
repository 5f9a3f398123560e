"""What persisters ask a MongoDB server when they save."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from zensols.persist.state.chain import Stored
from zensols.persist.state.mongorecords import MongoRecords
from zensols.persist.state.record import Draft, Record
from zensols.persist.state.records import ANY, Refused
from zensols.persist.state.steps import drive


@pytest.fixture
def records(mongo_url: str) -> Iterator[MongoRecords]:
    records = MongoRecords(mongo_url, "states", timeout=60)
    yield records
    records.close()


def draft(number: int, status: Any = "completed", **stored: Any) -> Draft:
    piece = Stored("whole", b"x", **stored)
    return Draft("p", "app", number, "step", status, "now", None, 1, piece)


def numbers(records: MongoRecords) -> list[int]:
    branch = records.find_branch("p", "app")
    assert branch is not None
    collection = records.link.collection("states")
    found = collection.find({"branch": branch.id, "dead": None}).sort("_id")
    return [item["sequence_id"] for item in found]


class Repeating:
    """Asks the first thing of each kind twice, as after a connection was dropped
    before the reply came, unless that may not be.
    """

    def __init__(self, records: MongoRecords) -> None:
        self.records = records
        self.seen: set[tuple[str, str]] = set()

    def ask(self, ask: Any) -> Any:
        kind = ask.collection, ask.method
        if not ask.once and kind not in self.seen:
            self.seen.add(kind)
            self.records.ask(ask)
        return self.records.ask(ask)


@pytest.mark.parametrize("status", ["completed", "failed"])
@pytest.mark.parametrize("expected", [ANY, 1])
def test_sent_twice_is_saved_once(
    records: MongoRecords, status: str, expected: Any
) -> None:
    records.add(draft(1), ANY)
    steps = records._plans.add(draft(2, status), expected)
    assert isinstance(drive(steps, Repeating(records)), int)
    assert numbers(records) == [1, 2]


def test_fork_sent_twice_is_made_once(records: MongoRecords) -> None:
    records.add(draft(1), ANY)
    record = records.find("p", "app", 1)
    assert record is not None
    source = records.find_branch("p", "app")
    assert source is not None
    steps = records._plans.fork("p", "fork", source, record)
    assert drive(steps, Repeating(records)) is True
    assert records.fork("p", "fork", source, record) is False
    assert len(records.find_branches(record.branch)) == 2


def run_until(steps: Any, records: MongoRecords, method: str) -> Any:
    """Carry out steps up to one that is still to be carried out, and return it."""
    step = next(steps)
    while step[1].method != method:
        step = steps.send(records.ask(step[1]))
    return step[1]


def test_what_was_claimed_and_is_late_does_not_come_before(
    records: MongoRecords,
) -> None:
    records.add(draft(1), ANY)
    late = records._plans.add(draft(2), ANY)
    insert = run_until(late, records, "insert_one")
    third = records.add(draft(3), 1)
    assert isinstance(third, int)
    with pytest.raises(StopIteration) as done:
        step = late.send(records.ask(insert))
        while True:
            step = late.send(records.ask(step[1]))
    assert isinstance(done.value.value, int)
    assert done.value.value > third
    assert numbers(records) == [1, 3, 2]


def test_of_two_that_expect_the_same_one_saves(records: MongoRecords) -> None:
    records.add(draft(1), ANY)
    late = records._plans.add(draft(2), 1)
    claim = run_until(late, records, "find_one_and_update")
    assert isinstance(records.add(draft(3), 1), int)
    with pytest.raises(StopIteration) as done:
        step = late.send(records.ask(claim))
        while True:
            step = late.send(records.ask(step[1]))
    assert done.value.value is Refused.MOVED
    assert numbers(records) == [1, 3]


def test_same_step_is_given_back(records: MongoRecords) -> None:
    first = records.add(draft(1), ANY)
    same = records.add(draft(1), ANY)
    assert isinstance(same, Record)
    assert same.id == first
    assert isinstance(records.add(draft(1), None), Record)


def test_base_that_is_gone_is_told(records: MongoRecords) -> None:
    first = records.add(draft(1), ANY)
    assert isinstance(first, int)
    assert isinstance(records.add(draft(2, path=(first,)), ANY), int)
    assert records.add(draft(3, path=(first + 1000,)), ANY) is Refused.LOST
    assert numbers(records) == [1, 2]


def test_step_that_was_dropped_can_be_saved_anew(records: MongoRecords) -> None:
    first = records.add(draft(1), ANY)
    second = records.add(draft(2), ANY)
    branch = records.find_branch("p", "app")
    assert branch is not None
    assert isinstance(second, int)
    records.set_floor(branch.id, second)
    again = records.add(draft(1), ANY)
    assert isinstance(again, int)
    assert again not in (first, second)


def finish(steps: Any, records: MongoRecords, ask: Any) -> Any:
    """Carry out the rest of steps, and return what comes of them."""
    try:
        while True:
            ask = steps.send(records.ask(ask))[1]
    except StopIteration as e:
        return e.value


@pytest.mark.parametrize("forked", [False, True])
def test_what_comes_to_a_deleted_application_is_stored_anew(
    records: MongoRecords, forked: bool
) -> None:
    records.add(draft(1), ANY)
    branch: Any = records.find_branch("p", "app")
    record = records.find("p", "app", 1)
    late = records._plans.add(draft(2), ANY)
    insert = run_until(late, records, "insert_one")
    if forked:
        assert records.fork("p", "fork", branch, record) is True
    records.release(branch.id, ANY)
    added = finish(late, records, insert)
    new = records.find_branch("p", "app")
    assert new is not None
    assert new.id != branch.id
    found = records.find("p", "app", None)
    assert found is not None
    assert (found.id, found.branch) == (added, new.id)
    left = records.link.collection("states").count_documents({"branch": branch.id})
    assert left == (2 if forked else 1)


def test_what_comes_before_where_an_application_begins_is_stored_anew(
    records: MongoRecords,
) -> None:
    records.add(draft(1), ANY)
    branch: Any = records.find_branch("p", "app")
    late = records._plans.add(draft(2), ANY)
    insert = run_until(late, records, "insert_one")
    third = records.add(draft(3), ANY)
    records.set_floor(branch.id, third)
    added = finish(late, records, insert)
    assert added > third
    newest = records.find("p", "app", None)
    assert newest is not None
    assert (newest.id, newest.sequence_id) == (added, 2)


@pytest.mark.parametrize("used", [False, True])
def test_fork_of_what_is_deleted_meanwhile_is_taken_back(
    records: MongoRecords, used: bool
) -> None:
    records.add(draft(1), ANY)
    branch: Any = records.find_branch("p", "app")
    record = records.find("p", "app", 1)
    late = records._plans.fork("p", "fork", branch, record)
    insert = run_until(late, records, "insert_one")
    step = late.send(records.ask(insert))
    records.release(branch.id, ANY)
    if used:
        saved = records.add(
            Draft("p", "fork", 9, "step", "completed", "", 1, 1, Stored("whole", b"x")),
            ANY,
        )
        assert isinstance(saved, int)
    assert finish(late, records, step[1]) is Refused.LOST
    # What somebody has saved to it stays.
    assert (records.find("p", "fork", 9) is not None) is used
    assert (records.find_branch("p", "fork") is not None) is used

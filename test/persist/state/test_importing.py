"""Add states as they were stored elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import (
    InMemoryPersister,
    RawFork,
    RawState,
    StateConflictError,
    StateExchange,
)

TIME = "2026-01-02T03:04:05+00:00"


def state(number: int, app: str = "a", **changes: object) -> RawState:
    data = b'{"n":%d}' % number
    made = RawState(None, app, number, "step", "completed", TIME, None, data)
    return replace(made, **changes)  # type: ignore[arg-type]  as tests give them


def fill(persister: InMemoryPersister, *numbers: int, app: str = "a") -> None:
    exchange = persister.exchange()
    for number in numbers:
        exchange.add(state(number, app))


def fork(number: int, states: int) -> RawFork:
    return RawFork(None, "b", "a", states, number, "step", "completed", TIME)


@pytest.fixture
def persister() -> InMemoryPersister:
    return InMemoryPersister()


@pytest.fixture
def exchange(persister: InMemoryPersister) -> StateExchange:
    return persister.exchange()


def test_part_that_is_there_is_passed(persister: InMemoryPersister) -> None:
    fill(persister, 1, 2, 3, 4)
    exchange = persister.exchange()
    outcomes = [exchange.add(state(number)) for number in (3, 4, 5)]
    assert outcomes == ["same", "same", "added"]
    assert [item.sequence_id for item in persister.history(None, "a")] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_same_content_of_another_time_and_order_is_the_same(
    persister: InMemoryPersister,
) -> None:
    persister.save(None, "a", 1, "step", {"x": 1, "y": 2}, "completed")
    same = state(1, data=b'{"y":2,"x":1}')
    assert persister.exchange().add(same) == "same"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"data": b'{"n":3}'}, "~ n: 2 → 3"),
        ({"position": "elsewhere"}, "not what comes next"),
        ({"status": "failed"}, "not what comes next"),
        ({"sequence_id": 7}, "not what comes next"),
        ({"schema_version": 3}, "not what comes next"),
    ],
)
def test_other_content_is_refused_with_all_after_it(
    persister: InMemoryPersister, changes: dict[str, object], complaint: str
) -> None:
    fill(persister, 1, 2)
    exchange = persister.exchange()
    assert exchange.add(state(1)) == "same"
    with pytest.raises(StateConflictError, match=complaint):
        exchange.add(state(2, **changes))
    assert exchange.add(state(3)) == "skipped"
    assert exchange.add(state(1, "other")) == "added"
    assert [item.sequence_id for item in persister.history(None, "a")] == [1, 2]


def test_conflict_has_both_states(exchange: StateExchange) -> None:
    exchange.add(state(1))
    exchange.add(state(1, "other"))
    with pytest.raises(StateConflictError) as caught:
        exchange.add(state(1, data=b'{"s":{"$set":[]}}'))
    assert caught.value.saved == {"n": 1}
    assert caught.value.refused == {"s": {"$set": []}}


def test_what_is_older_than_what_is_there_is_refused(
    persister: InMemoryPersister,
) -> None:
    fill(persister, 3, 4)
    exchange = persister.exchange()
    with pytest.raises(StateConflictError, match="none number 2"):
        exchange.add(state(2))
    assert exchange.add(state(3)) == "skipped"


def test_others_who_save_meanwhile_are_noticed(persister: InMemoryPersister) -> None:
    exchange = persister.exchange()
    exchange.add(state(1))
    persister.save(None, "a", 2, "by another", {}, "completed")
    with pytest.raises(StateConflictError, match="others change"):
        exchange.add(state(3))
    assert [item.sequence_id for item in persister.history(None, "a")] == [1, 2]


def test_a_step_that_is_there_twice_is_told(exchange: StateExchange) -> None:
    exchange.add(state(1))
    with pytest.raises(StateConflictError, match="twice"):
        exchange.add(state(1, created_at=TIME.replace("2026", "2027")))


def test_fork_takes_the_part_that_it_shares(persister: InMemoryPersister) -> None:
    exchange = persister.exchange()
    for number in 1, 2, 3, 4:
        exchange.add(state(number))
    assert exchange.add(fork(3, 2)) == "added"
    assert exchange.add(state(9, "b")) == "added"
    assert [item.sequence_id for item in persister.history(None, "b")] == [2, 3, 9]
    again = persister.exchange()
    assert again.add(fork(3, 2)) == "same"
    assert again.add(state(9, "b")) == "same"


def test_fork_of_an_application_that_is_a_copy_there(
    persister: InMemoryPersister,
) -> None:
    fill(persister, 1, 2)
    fill(persister, 1, 2, 3, app="b")
    exchange = persister.exchange()
    assert exchange.add(fork(2, 2)) == "same"
    assert exchange.add(state(3, "b")) == "same"
    assert exchange.add(state(4, "b")) == "added"


@pytest.mark.parametrize("there", [[2], [1], [1, 3]])
def test_fork_of_other_states_is_refused(
    persister: InMemoryPersister, there: list[int]
) -> None:
    fill(persister, 1, 2)
    fill(persister, *there, app="b")
    exchange = persister.exchange()
    with pytest.raises(StateConflictError, match="other states"):
        exchange.add(fork(2, 2))
    assert exchange.add(state(3, "b")) == "skipped"
    assert [item.sequence_id for item in persister.history(None, "b")] == there


def test_fork_of_another_past_is_refused(persister: InMemoryPersister) -> None:
    fill(persister, 1, 2)
    exchange = persister.exchange()
    for number in 1, 2:
        exchange.add(state(number, "b", data=b'{"n":7}'))
    with pytest.raises(StateConflictError, match="~ n: 7 → 1"):
        persister.exchange().add(fork(2, 2))


def test_fork_of_what_is_not_there_is_refused(exchange: StateExchange) -> None:
    with pytest.raises(PersistableError, match="import it first"):
        exchange.add(fork(2, 2))
    assert exchange.list_apps() == []


def test_fork_of_what_could_not_be_added_is_refused(
    persister: InMemoryPersister,
) -> None:
    persister.save(None, "a", 1, "step", {"n": 7}, "completed")
    exchange = persister.exchange()
    with pytest.raises(StateConflictError):
        exchange.add(state(1))
    with pytest.raises(PersistableError, match="could not be added"):
        exchange.add(fork(1, 1))
    assert persister.list_app_ids(None) == ["a"]

"""Save states."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.state import (
    InMemoryPersister,
    SQLitePersister,
    State,
    StateConflictError,
)
from zensols.persist.state.chain import Chain
from zensols.persist.state.chains import Chains
from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.reader import Reader
from zensols.persist.state.records import Refused
from zensols.persist.state.saver import Saver
from zensols.persist.state.serde import StateSerde
from zensols.persist.state.steps import drive


def large(number: int) -> State:
    return State(text=[f"{index:04d}" + "x" * 100 for index in range(100 + number)])


class Losing(MemoryRecords):
    """Loses what states are stored against, as if it were deleted meanwhile."""

    times = 0

    def add(self, draft: Any, expected: Any) -> Any:
        if draft.stored.path and self.times:
            self.times -= 1
            return Refused.LOST
        return super().add(draft, expected)


def make(times: int) -> tuple[Saver, Losing]:
    serde = StateSerde()
    records = Losing()
    records.times = times
    return Saver(serde, Reader(serde), Chains()), records


def save(saver: Saver, records: Losing, number: int) -> None:
    steps = saver.save("p", "app", number, "step", large(number), "completed")
    drive(steps, records)


@pytest.mark.parametrize("times", [1, 3])
def test_lost_base_is_looked_for_anew(times: int) -> None:
    saver, records = make(times)
    save(saver, records, 1)
    save(saver, records, 2)
    record = records.find("p", "app", 2)
    assert record is not None
    assert record.stored.path == (2,)


def test_state_whose_base_is_lost_again_and_again_is_stored_whole() -> None:
    saver, records = make(100)
    save(saver, records, 1)
    save(saver, records, 2)
    record = records.find("p", "app", 2)
    assert record is not None
    assert record.stored.kind == "whole"


def test_one_saver_goes_on_after_another(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with SQLitePersister(path) as one, SQLitePersister(path) as other:
        for number in range(6):
            saver = other if number % 3 else one
            saver.save("p", "app", number, "step", large(number), "completed")
        kinds = [
            record.stored.kind
            for record in one._records.list_records(
                drive(one._logic.reader.spans("p", "app"), one._records),
                False,
            )
        ]
        assert kinds == ["whole"] + ["delta"] * 5
        for number in range(6):
            found = other.load("p", "app", number)
            assert found is not None
            assert found["state"] == large(number)


def test_state_of_a_deleted_application_begins_anew() -> None:
    persister = InMemoryPersister()
    persister.save("p", "app", 1, "step", large(1), "completed")
    persister.delete("p", "app")
    persister.save("p", "app", 2, "step", large(2), "completed")
    found = persister.load("p", "app")
    assert found is not None
    assert found["state"] == large(2)


def test_chain_is_remembered() -> None:
    saver, records = make(0)
    save(saver, records, 1)
    chain = saver._chains.get(("p", "app"))
    assert isinstance(chain, Chain)
    save(saver, records, 2)
    assert saver._chains.get(("p", "app")) is not chain


@dataclass
class Unknown:
    """Of which only one of two programs knows."""

    n: int


def test_conflict_with_what_can_t_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with SQLitePersister(path, types=[Unknown]) as one, SQLitePersister(path) as other:
        one.save("p", "app", 1, "step", {"it": Unknown(1)}, "completed")
        with pytest.raises(
            StateConflictError, match=r"can't be read here: .*Unknown"
        ) as e:
            other.save("p", "app", 1, "step", {"it": 2}, "completed")
    assert (e.value.saved, e.value.refused) == (None, {"it": 2})

"""States as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zensols.persist.error import CorruptDataError
from zensols.persist.state import InMemoryPersister
from zensols.persist.state.chain import Stored
from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.raw import RawReader, batches
from zensols.persist.state.record import Record
from zensols.persist.state.records import ALL
from zensols.persist.state.steps import drive


class CountingRecords(MemoryRecords):
    """Counts how often pieces are asked for, and how many."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def find_pieces(self, ids: Sequence[int]) -> Any:
        self.asked.append(len(ids))
        return super().find_pieces(ids)


def conversation(steps: int) -> tuple[CountingRecords, list[Record], list[bytes]]:
    """Records of a conversation whose states are stored as changes, and the states."""
    persister, records = InMemoryPersister(), CountingRecords()
    persister._records = records
    messages: list[str] = ["x" * 9000]
    for number in range(steps):
        messages = [*messages, f"message {number}"]
        persister.save(None, "a", number, "say", {"messages": messages}, "completed")
    listed = drive(persister._logic.reader.list_records(None, "a"), records)
    assert {record.stored.kind for record in listed} == {"whole", "delta"}
    states = []
    for number in range(steps):
        found = persister.exchange().find(None, "a", number)
        assert found is not None
        states.append(found.data)
    records.asked.clear()
    assert records.list_apps(ALL) == [(None, "a")]
    return records, listed, states


def test_states_in_a_row_are_read_with_few_questions() -> None:
    records, listed, states = conversation(600)
    reader = RawReader()
    found: list[bytes | CorruptDataError] = []
    for batch in batches(listed):
        found += drive(reader.read(batch), records)
    assert [data == state for data, state in zip(found, states, strict=True)] == (
        [True] * 600
    )
    assert len(records.asked) == 3
    # Each is asked for once, but for those that later groups are stored against.
    assert sum(records.asked) < 600 + 2 * 10


def test_damage_concerns_what_is_stored_against_it_only() -> None:
    records, listed, states = conversation(20)
    needed = [record for record in listed if listed[4].id in record.stored.path]
    assert 0 < len(needed) < 15
    del records._records[listed[4].id]
    found = drive(RawReader().read(listed), records)
    for record, data, state in zip(listed, found, states, strict=True):
        if record is listed[4] or record in needed:
            assert isinstance(data, CorruptDataError)
        else:
            assert data == state


def test_large_states_are_read_one_by_one() -> None:
    stored = Stored("whole", b"")
    records = [
        Record(id_, 1, id_, "say", "completed", "", None, size, stored)
        for id_, size in enumerate([1 << 25, 1 << 25, 100, 100, 1 << 24])
    ]
    sizes = [[record.size for record in batch] for batch in batches(records)]
    assert sizes == [[1 << 25], [1 << 25], [100, 100], [1 << 24]]

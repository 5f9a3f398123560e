"""Records in memory."""

from __future__ import annotations

import pickle

from zensols.persist.state.chain import Stored
from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.record import Draft
from zensols.persist.state.records import ANY


def draft(number: int) -> Draft:
    stored = Stored("whole", b"{}")
    return Draft("p", "app", number, "step", "completed", "", None, 2, stored)


def test_copy_goes_its_own_way() -> None:
    records = MemoryRecords()
    records.add(draft(1), ANY)
    copy = pickle.loads(pickle.dumps(records))
    copy.add(draft(2), ANY)
    newest = [
        found and found.sequence_id
        for found in (
            records.find("p", "app", None),
            copy.find("p", "app", None),
        )
    ]
    assert newest == [1, 2]

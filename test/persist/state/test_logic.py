"""What persisters do, whatever their database."""

from __future__ import annotations

from zensols.persist.state.logic import Logic
from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.serde import StateSerde
from zensols.persist.state.steps import drive


def test_parts_belong_together() -> None:
    logic, records = Logic(StateSerde()), MemoryRecords()
    for number in 1, 2:
        steps = logic.saver.save("p", "a", number, "step", {"n": number}, "completed")
        drive(steps, records)
    # The chain of what is deleted is forgotten.
    assert drive(logic.upkeep.delete("p", "a"), records)
    drive(logic.saver.save("p", "a", 3, "step", {"n": 3}, "completed"), records)
    found = drive(logic.reader.load("p", "a", None), records)
    assert found is not None
    assert found["state"] == {"n": 3}
    assert len(drive(logic.past.history("p", "a"), records)) == 1

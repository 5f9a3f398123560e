"""Where a stash has applications, branches and records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from zensols.persist import DelegateStash, DictionaryStash, MappingStash
from zensols.persist.error import CorruptDataError
from zensols.persist.state import StashPersister, stashlog
from zensols.persist.state.stashfamilies import Family, Place, StashFamilies
from zensols.persist.state.stashkeys import full, nth

PLACE = Place(7, 0)


def save(persister: StashPersister, number: int) -> None:
    state = {"text": "x" * 9000, "number": number}
    persister.save("p", "app", number, "step", state, "completed")


@dataclass
class DroppingStash(DelegateStash[Any]):
    """Has another one drop old states right before a certain entry is read."""

    key: str = ""

    def get(self, name: str, default: Any = None) -> Any:
        if self.key and name.startswith(self.key):
            self.key = ""
            other = StashPersister(self.delegate)
            other.truncate("p", "app", keep=2)
        return super().get(name, default)


@pytest.mark.parametrize(
    ("kind", "number", "end"), [("branch", 0, ".0.0"), ("record", 5, ".0.6")]
)
def test_reads_again_what_was_dropped_meanwhile(
    monkeypatch: pytest.MonkeyPatch, kind: str, number: int, end: str
) -> None:
    monkeypatch.setattr(stashlog, "WIDTH", 2)
    stash = DictionaryStash[Any]()
    writer = StashPersister(stash)
    for each in range(9):
        save(writer, each)
    key = next(
        key
        for key in stash.data
        if key.startswith(f"states.{kind}") and key.endswith(end)
    )
    dropping = DroppingStash(stash, key=key)
    assert StashPersister(dropping).load("p", "app", number) is None
    assert dropping.key == "", "it was not asked for"
    history = StashPersister(dropping).history("p", "app")
    assert [item.sequence_id for item in history] == [7, 8]


def test_pieces_that_can_be_read_are_found(tmp_path: Any) -> None:
    from zensols.persist import DirectoryStash

    stash = DirectoryStash[Any](tmp_path / "states")
    families = StashFamilies(stash, 1)
    ids = [full(7, nth(number, 0)) for number in range(3)]
    for number in 0, 1:
        families.put_payload(PLACE, nth(number, 0), ("whole", b"%d" % number))
    assert families.find_pieces(ids) == {
        ids[0]: ("whole", b"0"),
        ids[1]: ("whole", b"1"),
    }
    path = stash.key_to_path("states.record.7.0.0")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptDataError):
        stash.load("states.record.7.0.0")
    assert families.find_pieces(ids) == {ids[1]: ("whole", b"1")}


def test_family_of_one_takes_no_entry() -> None:
    stash = DictionaryStash[Any]()
    families = StashFamilies(stash, 1)
    families.put_family(7, Family((0, 1), 2))
    assert families.find_family(7) == Family((0, 1), 2)
    families.put_family(7, Family())
    assert families.find_family(7) == Family()
    families.put_family(7, Family((), 5))
    assert stash.data == {}


def test_name_for_errors() -> None:
    assert StashFamilies(DictionaryStash(), 1).name == "memory:"
    assert StashFamilies(MappingStash({}), 1).name == "a MappingStash"

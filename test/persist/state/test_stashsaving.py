"""Add records and branches to stashes."""

from __future__ import annotations

from typing import Any

from zensols.persist import DictionaryStash
from zensols.persist.state.chain import Stored
from zensols.persist.state.record import Draft
from zensols.persist.state.records import ANY, Refused
from zensols.persist.state.stashrecords import StashRecords


def draft(number: int, *path: int, app: str = "app") -> Draft:
    stored = Stored("whole" if not path else "delta", b"....", path, len(path))
    return Draft("p", app, number, "step", "completed", "now", None, 0, stored)


def added(records: StashRecords, *arguments: Any, **more: Any) -> int:
    result = records.add(draft(*arguments, **more), ANY)
    assert isinstance(result, int)
    return result


def test_record_is_refused_whose_path_is_lost() -> None:
    records = StashRecords(DictionaryStash(), 1)
    first = added(records, 1)
    second = added(records, 2)
    assert added(records, 3, first, second) > second
    other = added(records, 1, app="other")
    for path in (other, first + 1, first - (1 << 24), second + (9 << 24)):
        assert records.add(draft(4, path), ANY) is Refused.LOST
    found = records.find("p", "app", None)
    assert found is not None
    assert found.sequence_id == 3


def test_path_of_a_fork_leads_into_its_source() -> None:
    records = StashRecords(DictionaryStash(), 1)
    first, second = added(records, 1), added(records, 2)
    source = records.find_branch("p", "app")
    record = records.find("p", "app", 1)
    assert source is not None
    assert record is not None
    assert records.fork("p", "fork", source, record) is True
    assert records.fork("p", "fork", source, record) is False
    assert added(records, 2, first, app="fork") > first
    # That comes after the first, but in the fork as in its source.
    assert added(records, 3, second, app="fork") > second


def test_fork_of_what_has_changed_is_refused() -> None:
    records = StashRecords(DictionaryStash(), 1)
    added(records, 1)
    second = added(records, 2)
    source = records.find_branch("p", "app")
    record = records.find("p", "app", 2)
    assert source is not None
    assert record is not None
    records.set_floor(source.id, second)
    assert records.fork("p", "fork", source, record) is Refused.LOST
    source = records.find_branch("p", "app")
    assert source is not None
    records.release(source.id, ANY)
    assert records.fork("p", "fork", source, record) is Refused.LOST
    assert records.list_apps("p") == []
    assert records.find_branch("p", "fork") is None


def test_application_with_a_newer_record_is_not_released() -> None:
    records = StashRecords(DictionaryStash(), 1)
    first, second = added(records, 1), added(records, 2)
    branch = records.find_branch("p", "app")
    assert branch is not None
    records.release(branch.id, first)
    assert records.find_branch("p", "app") == branch
    records.release(branch.id, second)
    assert records.find_branch("p", "app") is None
    records.release(branch.id, ANY)


def test_floors_only_grow() -> None:
    records = StashRecords(DictionaryStash(), 1)
    first, second = added(records, 1), added(records, 2)
    branch = records.find_branch("p", "app")
    assert branch is not None
    for floor in second, first:
        records.set_floor(branch.id, floor)
        there = records.find_branch("p", "app")
        assert there is not None
        assert there.floor == second

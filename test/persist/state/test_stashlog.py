"""Lists that grow at one end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist.state import stashlog
from zensols.persist.state.stashlog import Log, Page, Within


class Pages:
    """Pages that are written once, and counted when read."""

    def __init__(self) -> None:
        self.pages: dict[int, Page] = {}
        self.reads = 0

    def write(self, pages: dict[int, Page]) -> None:
        assert not self.pages.keys() & pages.keys()
        self.pages.update(pages)

    def find(self, number: int) -> Page:
        self.reads += 1
        return self.pages[number]


def filled(items: list[tuple[Any, ...]]) -> tuple[Log, Pages]:
    log, pages = Log(), Pages()
    for item in items:
        log, made = log.with_item(item)
        pages.write(made)
    return log, pages


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-9, 9), max_size=90),
    st.integers(0, 90),
    st.none() | st.integers(0, 90),
    st.none() | st.integers(-9, 9),
)
def test_finds_what_is_within(
    sequence_ids: list[int], first: int, last: int | None, sequence_id: int | None
) -> None:
    items = list(enumerate(sequence_ids))
    within = Within(first, last, sequence_id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stashlog, "WIDTH", 3)
        log, pages = filled(items)
    assert list(log.scan(pages.find, within)) == [
        (number, at)
        for number, at in reversed(items)
        if number >= first
        and (last is None or number <= last)
        and sequence_id in (None, at)
    ]
    assert sorted(log.pages(pages.find)) == sorted(pages.pages)


def test_costs_the_same_however_many_there_are() -> None:
    log, pages = filled([(number, number) for number in range(5000)])
    assert sum(map(len, log.levels)) <= 3 * stashlog.WIDTH
    assert all(len(page) == stashlog.WIDTH for page in pages.pages.values())
    newest = next(log.scan(pages.find, Within()))
    assert (newest, pages.reads) == ((4999, 4999), 0)
    # No page may have it.
    assert list(log.scan(pages.find, Within(sequence_id=5000))) == []
    assert pages.reads == 0
    assert list(log.scan(pages.find, Within(sequence_id=7))) == [(7, 7)]
    assert pages.reads == 2


def test_other_items_are_in_pages_of_their_own() -> None:
    log, pages = filled([(number, number) for number in range(100)])
    items = [(number, number) for number in range(50, 100)]
    changed, made = log.with_items(items)
    pages.write(made)
    assert list(changed.scan(pages.find, Within())) == items[::-1]
    assert len(list(log.scan(pages.find, Within()))) == 100

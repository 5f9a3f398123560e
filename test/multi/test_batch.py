"""Items that a worker gets together."""

from __future__ import annotations

import math

import pytest

from zensols.multi.batch import Batch


def batch(size: int) -> Batch:
    return Batch(list(range(size)), [b"%d" % number for number in range(size)])


@pytest.mark.parametrize("size", [2, 3, 8, 9])
def test_halves_have_all_items_with_what_identifies_them(size: int) -> None:
    whole = batch(size)
    first, second = whole.split()
    assert first.items + second.items == whole.items
    assert first.digests + second.digests == whole.digests
    assert [len(first.items), len(second.items)] == [size // 2, size - size // 2]
    assert len(first.digests) == len(first.items)


def test_halves_begin_anew() -> None:
    whole = batch(4)
    whole.tries, whole.deaths, whole.due = 1, 2, 3.0
    for half in whole.split():
        assert (half.tries, half.deaths, half.due) == (0, 0, 0.0)
        assert half.overdue == math.inf


def test_one_item_keeps_its_tries() -> None:
    whole = batch(3)
    whole.tries, whole.deaths = 2, 1
    only = whole.only(1)
    assert (only.items, only.digests) == ([1], [b"1"])
    assert (only.tries, only.deaths) == (2, 0)


def test_parts_are_apart_from_the_whole() -> None:
    whole = batch(4)
    for part in (*whole.split(), whole.only(0)):
        part.items.append(9)
    assert whole == batch(4)

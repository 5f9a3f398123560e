"""How many items make up a chunk."""

from __future__ import annotations

import pytest

from zensols.multi.sizing import Sizer


def test_fixed_size_is_kept() -> None:
    sizer = Sizer(7, workers=2)
    sizer.learn(7, 100.0)
    assert [sizer.next(None), sizer.next(3)] == [7, 7]


def test_begins_with_one() -> None:
    assert Sizer(0, workers=2).next(None) == 1
    assert Sizer(0, workers=2).next(1000) == 1


def test_aims_at_a_fifth_of_a_second() -> None:
    sizer = Sizer(0, workers=2)
    sizer.learn(1000, 1.0)
    assert sizer.next(None) == 200
    sizer.learn(1000, 3.0)
    assert sizer.next(None) == 100


def test_slow_items_go_one_by_one() -> None:
    sizer = Sizer(0, workers=2)
    sizer.learn(4, 40.0)
    assert sizer.next(None) == 1


def test_few_items_prove_little() -> None:
    sizer = Sizer(0, workers=2)
    sizer.learn(1, 0.0)
    assert sizer.next(None) == 4
    sizer.learn(4, 0.0)
    assert sizer.next(None) == 20


def test_is_bounded_for_items_that_take_no_time() -> None:
    sizer = Sizer(0, workers=2)
    sizer.learn(10**6, 0.0)
    assert sizer.next(None) == 2048


@pytest.mark.parametrize(("left", "size"), [(800, 200), (80, 20), (44, 11)])
def test_leaves_each_worker_some_in_the_end(left: int, size: int) -> None:
    sizer = Sizer(0, workers=2)
    sizer.learn(1000, 1.0)
    assert sizer.next(left) == size


@pytest.mark.parametrize(("seconds", "size"), [(1.0, 10), (0.1, 100), (100.0, 1)])
def test_last_ones_are_worth_sending(seconds: float, size: int) -> None:
    sizer = Sizer(0, workers=2)
    sizer.learn(1000, seconds)
    assert sizer.next(7) == size

"""Find what applications have in common."""

from __future__ import annotations

from zensols.persist.state.exporting import Family


def test_the_most_is_found() -> None:
    family = Family()
    family.add("a", [1, 2, 3])
    family.add("b", [1, 2, 5, 6])
    assert family.find([1, 2, 5, 9]) == ("b", 3)
    assert family.find([1, 2, 3]) == ("a", 3)
    assert family.find([2, 7]) == ("a", 1)
    assert family.find([8, 9]) == (None, 0)
    assert family.find([]) == (None, 0)


def test_what_was_cut_off_is_not_there() -> None:
    family = Family()
    family.add("cut", [3, 4])
    assert family.find([1, 2, 3, 5]) == (None, 0)
    family.add("whole", [1, 2, 3, 5])
    assert family.find([1, 2, 3, 6]) == ("whole", 3)
    family.add("empty", [])
    assert family.find([3, 4, 7]) == ("cut", 2)

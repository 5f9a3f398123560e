from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from shapes import Device, Group, Point

from zensols.persist.convert import (
    replace_dataclass,
    replace_dict,
    replace_list,
    replace_set,
    to_dict,
)
from zensols.persist.error import PersistableError

A, B = Point(1.0), Point(2.0, 3.0)
BAD = {"x": "far"}


@pytest.mark.parametrize(
    ("replace", "target", "data", "after", "bad", "said"),
    [
        (replace_list, [A], [{"x": 2, "y": 3}], [B], [{"x": 1}, BAD], r"\[1\]\.x"),
        (replace_set, {A}, [{"x": 2, "y": 3}], {B}, [{"x": 1}, BAD], r"\[1\]\.x"),
        (
            replace_dict,
            {"a": A},
            {"b": to_dict(B)},
            {"b": B},
            {"c": BAD},
            r"\['c'\]\.x",
        ),
    ],
)
def test_collection_stays_the_same_object(
    replace: Any, target: Any, data: Any, after: Any, bad: Any, said: str
) -> None:
    before = target.copy()
    with pytest.raises(PersistableError, match=said):
        replace(target, Point, bad)
    assert target == before
    for wrong in (None, 5, "text", {1: 2} if replace is not replace_dict else [1]):
        with pytest.raises(PersistableError):
            replace(target, Point, wrong)
        assert target == before
    assert replace(target, Point, data) is None
    assert target == after
    replace(target, Point, type(data)())
    assert not target


def test_keys_of_a_dictionary_are_kept() -> None:
    target: dict[Any, Point] = {}
    replace_dict(target, Point, {1: {"x": 1}, (2, 3): {"x": 2}})
    assert list(target) == [1, (2, 3)]


def test_set_of_what_is_not_hashable() -> None:
    target: set[Any] = set()
    with pytest.raises(PersistableError, match="set refuses it"):
        replace_set(target, Group, [{}])


def test_dataclass() -> None:
    group = Group(points=[A])
    points = group.points
    replace_dataclass(group, {"by_name": {"b": to_dict(B)}, "unknown": 1})
    assert group == Group(points=[A], by_name={"b": B})
    assert group.points is points
    with pytest.raises(PersistableError, match=r"points\[0\]\.x"):
        replace_dataclass(group, {"by_name": {}, "points": [BAD]})
    assert group == Group(points=[A], by_name={"b": B})


def test_excluded_field_keeps_its_value() -> None:
    device = Device("a")
    lock = device.lock
    replace_dataclass(device, {"name": "b", "lock": 5})
    assert (device.name, device.lock) == ("b", lock)


def test_attribute_that_refuses_leaves_the_others() -> None:
    @dataclass
    class Limited:
        low: int
        high: int

        def __setattr__(self, name: str, value: int) -> None:
            if value > 10:
                raise ValueError("too much")
            super().__setattr__(name, value)

    limited = Limited(1, 2)
    with pytest.raises(PersistableError, match="too much"):
        replace_dataclass(limited, {"low": 5, "high": 11})
    assert limited == Limited(1, 2)


@pytest.mark.parametrize(
    ("target", "data", "said"),
    [
        (A, {"x": 2}, "Point: it is frozen"),
        (object(), {}, "object: it is no dataclass"),
        (Group(), [1], "Expected a dictionary for Group, got `list`"),
    ],
)
def test_what_can_not_be_replaced(target: Any, data: Any, said: str) -> None:
    with pytest.raises(PersistableError, match=said):
        replace_dataclass(target, data)

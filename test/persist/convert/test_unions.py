from __future__ import annotations

from typing import Any

import pytest
from shapes import Circle, Disk, Point, Square

from zensols.persist.convert.reading import read
from zensols.persist.convert.unions import read_union, tagged
from zensols.persist.error import PersistableError

CENTER = {"x": 1.0}
ALL = (Circle, Square, Disk)


@pytest.mark.parametrize(
    ("data", "choices", "value"),
    [
        (None, (int, type(None)), None),
        (1, (float, int), 1),
        (1.5, (int, float), 1.5),
        ("1", (int, str), "1"),
        ({"center": CENTER, "side": 2}, ALL, Square(Point(1.0), 2.0)),
        ({"center": CENTER, "radius": 2}, ALL, Circle(Point(1.0), 2.0)),
        ({"$type": "Disk", "center": CENTER}, ALL, Disk(Point(1.0))),
        ({"$type": "int", "$value": 5}, (dict[str, Any], int), 5),
        ({"$type": "other"}, (dict[str, Any], int), {"$type": "other"}),
        ({"$type": ["odd"]}, (dict[str, Any], int), {"$type": ["odd"]}),
    ],
)
def test_choice(data: Any, choices: Any, value: Any) -> None:
    found = read_union(data, choices, (), read)
    assert found == value
    assert type(found) is type(value)


def test_tags() -> None:
    assert tagged({"x": 1}, Point) == {"$type": "Point", "x": 1}
    assert tagged([1], list[int]) == {"$type": "list[int]", "$value": [1]}


def test_none_that_is_no_choice() -> None:
    with pytest.raises(PersistableError, match="is none of int, str"):
        read_union(None, (int, str), (), read)

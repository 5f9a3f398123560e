from __future__ import annotations

from typing import Any

import pytest
from shapes import Checked, Device, Drawing, Group, Node, NoDefault, Point, Unresolved

from zensols.persist.convert import from_dict, to_dict
from zensols.persist.error import PersistableError


def test_defaults_for_missing_fields() -> None:
    assert from_dict(Drawing, {"name": "a"}) == Drawing("a")
    first, second = (from_dict(Drawing, {"name": "a"}) for _ in range(2))
    assert first.points is not second.points


def test_unknown_fields_are_ignored() -> None:
    assert from_dict(Point, {"x": 1, "z": object()}) == Point(1.0)


def test_excluded_fields_have_their_defaults() -> None:
    device = from_dict(Device, {"name": "a", "lock": 5, "client": 6, "speed": 2})
    assert device == Device("a", speed=2.0)
    assert device.client is None
    assert device.lock.acquire(blocking=False)


@pytest.mark.parametrize(
    ("cls", "data", "said"),
    [
        (Group, {"points": [{"x": 1}] * 3 + [{"x": "a"}]}, "points[3].x: Expected `float`"),
        (Group, {"points": [{}]}, "points[0]: Point needs a field 'x'"),
        (Group, {"points": {}}, "points: Expected a list, got `dict`"),
        (Group, {"points": "abc"}, "points: Expected a list, got `str`"),
        (Group, {"points": None}, "points: Expected a list, got `NoneType`"),
        (Group, {"by_name": {"a b": {"x": 1, "y": None}}}, "by_name['a b'].y: "),
        (Group, {"by_name": [1]}, "by_name: Expected a dictionary, got `list`"),
        (Group, {"checked": [{"value": -1}]}, "checked[0]: Checked refuses it: negative"),
        (Group, [1], "the value: Expected a dictionary for Group, got `list`"),
        (list[Point], [{"x": 1}, 5], "[1]: Expected a dictionary for Point, got `int`"),
        (Drawing, {"name": 5}, "name: Expected `str`, got `int`"),
        (Drawing, {"name": "", "color": "green"}, "color: Invalid enum value 'green'"),
        (Drawing, {"name": "", "at": "noon"}, "at: Invalid RFC3339"),
        (Drawing, {"name": "", "kind": "c"}, "kind: Invalid enum value 'c'"),
        (Drawing, {"name": "", "path": 5}, "path: "),
        (Drawing, {"name": "", "pair": [1]}, "pair: Expected 2 items, got 1"),
        (Drawing, {"name": "", "numbered": {"a": {"x": 1}}}, "numbered['a']: "),
        (Drawing, {"name": "", "colored": {"red": [1, "x"]}}, "colored['red'][1]: "),
        (Drawing, {"name": "", "origin": {"x": "a"}}, "origin.x: Expected `float`"),
        (Drawing, {"name": "", "origin": 5}, "origin: Expected a dictionary for Point"),
        (Drawing, {"name": "", "shape": 5}, "shape: it is none of Circle, Square ("),
        (Drawing, {"name": "", "shapes": [{"$type": "Disk"}]}, "shapes[0]: Disk needs"),
        (Drawing, {"name": "", "number": "a"}, "number: it is none of int, float"),
        (Drawing, {"name": "", "tree": {"name": "", "children": [{"name": 1}]}},
         "tree.children[0].name: Expected `str`"),
        (NoDefault, {}, "its field 'lock' is excluded but has no default"),
        (Unresolved, {}, "annotation of its field 'x' can't be resolved"),
        (int, "a", "the value: Expected `int`, got `str`"),
        (set[Any], [[1]], "the value: "),
    ],
)  # fmt: skip
def test_errors_name_the_path(cls: Any, data: Any, said: str) -> None:
    with pytest.raises(PersistableError) as caught:
        from_dict(cls, data)
    assert said in str(caught.value)


def test_union_takes_the_dataclass_that_has_the_fields() -> None:
    data = {"center": {"x": 1}, "side": 3}
    drawing = from_dict(Drawing, {"name": "", "shapes": [data], "shape": data})
    assert [type(shape).__name__ for shape in drawing.shapes] == ["Square"]
    assert type(drawing.shape).__name__ == "Square"


def test_deep_data() -> None:
    data: dict[str, Any] = {"name": "a"}
    for _ in range(100):
        data = {"name": "b", "children": [data]}
    assert to_dict(from_dict(Node, data))["children"][0]["name"] == "b"
    for _ in range(10_000):
        data = {"name": "b", "children": [data]}
    with pytest.raises(PersistableError, match="nested too deeply"):
        from_dict(Node, data)
    while data.get("children"):
        data = data["children"].pop()


def test_data_is_left_as_it_is() -> None:
    data = {"points": [{"x": 1}]}
    made = from_dict(Group, data)
    made.points.clear()
    made.checked.append(Checked(1))
    assert data == {"points": [{"x": 1}]}

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import (
    Circle,
    Color,
    Device,
    Disk,
    Drawing,
    Initial,
    Level,
    Node,
    Point,
    Square,
)

from zensols.persist.convert import from_dict, to_dict
from zensols.persist.error import PersistableError

FLOATS = st.floats(allow_nan=False)
POINTS = st.builds(Point, FLOATS, FLOATS)
CIRCLES = st.builds(Circle, POINTS, FLOATS)
SQUARES = st.builds(Square, POINTS, FLOATS)
DISKS = st.builds(Disk, POINTS, FLOATS)
NODES = st.recursive(
    st.builds(Node, st.text()),
    lambda inner: st.builds(Node, st.text(), st.lists(inner, max_size=3), inner),
    max_leaves=5,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
INTS = st.integers(-(2**70), 2**70)
ZONED = st.datetimes(timezones=st.sampled_from([None, UTC]))


def few(items: Any) -> Any:
    return st.lists(items, max_size=3)


DRAWINGS = st.builds(
    Drawing,
    name=st.text(),
    color=st.sampled_from(Color),
    level=st.sampled_from(Level),
    at=ZONED,
    day=st.dates(),
    hour=st.times(),
    price=st.decimals(allow_nan=False, allow_infinity=False),
    id=st.uuids(),
    raw=st.binary(),
    kind=st.sampled_from(["a", "b"]),
    anything=JSON,
    points=few(POINTS),
    named=st.dictionaries(st.text(), POINTS, max_size=3),
    numbered=st.dictionaries(INTS, POINTS, max_size=3),
    colored=st.dictionaries(st.sampled_from(Color), few(INTS)),
    corners=few(POINTS).map(tuple),
    pair=st.tuples(INTS, POINTS),
    marks=few(POINTS).map(set),
    fixed=st.frozensets(st.sampled_from(Level)),
    sequence=few(POINTS),
    mapping=st.dictionaries(st.text(), few(POINTS), max_size=2),
    nested=st.dictionaries(
        st.text(), few(st.dictionaries(st.text(), POINTS, max_size=2)), max_size=2
    ),
    origin=st.none() | POINTS,
    number=st.none() | INTS | FLOATS,
    when=st.text() | ZONED | st.dates() | ZONED.map(str) | st.dates().map(str),
    shape=st.none() | CIRCLES | SQUARES,
    shapes=few(CIRCLES | SQUARES | DISKS),
    odd=st.lists(INTS, max_size=3)
    | st.dictionaries(st.text() | st.just("$type"), INTS, max_size=2)
    | st.tuples(INTS, INTS)
    | st.text()
    | st.booleans(),
    tree=NODES,
)


@settings(max_examples=40)
@given(DRAWINGS, INTS)
def test_comes_back(drawing: Drawing, late: int) -> None:
    drawing.late = late
    plain = to_dict(drawing)
    text = json.dumps(plain)
    for data in (plain, json.loads(text)):
        back = from_dict(Drawing, data)
        assert back == drawing
        assert list(map(type, back.shapes)) == list(map(type, drawing.shapes))
        assert type(back.when) is type(drawing.when)
        assert type(back.odd) is type(drawing.odd)
        assert type(back.number) is type(drawing.number)
    assert json.dumps(to_dict(back)) == text or back.marks or back.fixed


@settings(max_examples=15)
@given(few(DRAWINGS))
def test_lists_and_dictionaries_come_back(drawings: list[Drawing]) -> None:
    assert from_dict(list[Drawing], to_dict(drawings)) == drawings
    named = dict(enumerate(drawings))
    assert from_dict(dict[int, Drawing], to_dict(named)) == named


def test_excluded_fields_are_not_written() -> None:
    device = Device("a")
    device.client = object()  # type: ignore[assignment]
    assert to_dict(device) == {"name": "a", "speed": 1.0}
    assert to_dict([{"b": (device,)}]) == [{"b": [{"name": "a", "speed": 1.0}]}]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1, 1),
        ({1, 2}, [1, 2]),
        ((1, (2,)), [1, [2]]),
        (deque([1]), [1]),
        ({Level.LOW: Color.RED}, {"1": "red"}),
        ({datetime(2020, 5, 17, tzinfo=UTC): 1}, {"2020-05-17T00:00:00Z": 1}),
        ({"a": b"a"}, {"a": "YQ=="}),
        (2**80, 2**80),
    ],
)
def test_plain_data(value: Any, plain: Any) -> None:
    assert to_dict(value) == plain
    assert json.loads(json.dumps(to_dict(value))) == plain


def test_only_ambiguous_values_tell_their_type() -> None:
    point, circle, square = Point(1), Circle(Point(1)), Square(Point(1))
    drawing = Drawing("a", shape=square, shapes=[circle, square, Disk(point)])
    plain = to_dict(drawing)
    assert "$type" not in plain["shape"]
    assert [s.get("$type") for s in plain["shapes"]] == [None, None, "Disk"]
    assert to_dict(Drawing("a", when="2020-05-17"))["when"] == "2020-05-17"
    tagged = to_dict(Drawing("a", when=datetime(2020, 5, 17, tzinfo=UTC)))["when"]
    assert tagged == {"$type": "datetime", "$value": "2020-05-17T00:00:00Z"}


def test_structs_and_named_tuples() -> None:
    class Pair(NamedTuple):
        a: int
        b: tuple[int, ...]

    class Struct(msgspec.Struct):
        pair: tuple[int, int]

    assert to_dict([Pair(1, (2,)), Struct((1, 2))]) == [[1, [2]], {"pair": [1, 2]}]


def test_init_variables_are_no_fields() -> None:
    assert to_dict(Initial(3, start=9)) == {"x": 3}
    assert from_dict(Initial, {"x": 3, "start": 9}).started == 5


@dataclass
class Holder:
    items: Any = None
    pair: tuple[int, int] = (1, 2)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Holder([1, {"a": object()}]), r"items\[1\]\['a'\]: .*object has no form"),
        (Holder(1j), "items: .*complex"),
        (Holder({1: 2, "1": 3}), "items: two of its keys are the same"),
        (Holder({(1, object()): 2}), "items"),
        (Holder(pair=(1, 2, 3)), "pair: Expected 2 items, got 3"),  # type: ignore[arg-type]
        (object(), "the value"),
    ],
)
def test_what_has_no_form_is_told(value: Any, said: str) -> None:
    with pytest.raises(PersistableError, match=said):
        to_dict(value)


def test_cycle_is_told() -> None:
    node = Node("a")
    node.children.append(node)
    with pytest.raises(PersistableError, match="Node: it is nested too deeply"):
        to_dict(node)

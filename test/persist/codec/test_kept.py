from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import dataclass

from zensols.persist.codec.kept import Kept


@dataclass(slots=True)
class Point:
    x: int


def test_tells_equal_objects_apart() -> None:
    one, other = Point(1), Point(1)
    kept = Kept()
    assert not kept
    kept.add(one, {"y": 2})
    assert kept
    assert kept.of(one) == {"y": 2}
    assert kept.of(other) == {}


def test_identities_are_not_used_again() -> None:
    kept = Kept()
    points = [Point(number) for number in range(100)]
    while points:
        kept.add(points.pop(), {"y": 1})
    # Some of which would be where one of those was, had it been freed.
    later = [Point(number) for number in range(1000)]
    assert not any(kept.of(point) for point in later)


def test_goes_with_its_objects() -> None:
    point = Point(1)
    kept = Kept([(point, {"y": [2]})])
    for copied, found in (
        pickle.loads(pickle.dumps(([point], kept))),
        deepcopy(([point], kept)),
    ):
        assert copied[0] is not point
        assert found.of(copied[0]) == {"y": [2]}
        assert found.of(point) == {}


def test_union() -> None:
    one, other = Point(1), Point(2)
    first, second = Kept([(one, {"y": 1})]), Kept([(other, {"y": 2})])
    both = first | second
    assert both.of(one) == {"y": 1}
    assert both.of(other) == {"y": 2}
    assert first.of(other) == {}
    assert (first | Kept()).of(one) == {"y": 1}

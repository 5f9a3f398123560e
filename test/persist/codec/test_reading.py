from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from zensols.persist.codec.kept import Kept
from zensols.persist.codec.reading import Reading
from zensols.persist.error import PersistableError


@dataclass(slots=True)
class Point:
    x: int


def test_keeps_fields_as_attributes() -> None:
    value, kept = SimpleNamespace(x=1), Kept()
    Reading({}, "here", kept).keep(value, "Point", {"y": 2})
    assert value.y == 2
    assert not kept


def test_keeps_fields_beside() -> None:
    value, kept = Point(1), Kept()
    reading = Reading({}, "here", kept)
    reading.keep(value, "Point", {})
    assert not kept
    reading.keep(value, "Point", {"y": 2})
    assert kept.of(value) == {"y": 2}


def test_refuses_what_would_be_lost() -> None:
    with pytest.raises(PersistableError, match="Point in here has 'y', for which"):
        Reading({}, "here").keep(Point(1), "Point", {"y": 2})
    Reading({}, "here").keep(Point(1), "Point", {})


@pytest.mark.parametrize("value", [Point(1), SimpleNamespace()])
def test_refuses_pythons_own_names(value: object) -> None:
    with pytest.raises(ValueError, match="'__class__'"):
        Reading({}, "here", Kept()).keep(value, "Point", {"__class__": 2})


def test_says_what_lacks() -> None:
    error = Reading({}, "here").lack("a.Point", "y")
    assert str(error).startswith("The stored a.Point in here has no 'y': give")

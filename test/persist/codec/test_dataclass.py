from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from zensols.persist.codec.kept import Kept
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import PersistableError


@dataclass
class Point:
    x: float
    y: float = 0


@dataclass
class Basket:
    items: list[int] = field(default_factory=list)
    total: int = field(init=False)


@dataclass(slots=True)
class Slotted:
    a: int
    b: Any = None


@dataclass(frozen=True, slots=True)
class Frozen:
    a: int
    b: tuple[int, ...] = ()


TYPES = (Point, Basket, Slotted, Frozen)


def read(kind: type, data: Any, kept: Kept | None = None) -> Any:
    plain = {"$object": [f"{kind.__module__}.{kind.__qualname__}", data]}
    return Tagger(TYPES).from_plain(plain, "here", kept)


def test_constructors_do_not_run() -> None:
    @dataclass
    class Counting:
        made: ClassVar[int] = 0
        x: int

        def __post_init__(self) -> None:
            Counting.made += 1

    tagger = Tagger([Counting])
    data = tagger.encode(Counting(5))
    assert tagger.decode(data).x == 5
    assert Counting.made == 1


def test_unset_slots_stay_unset() -> None:
    @dataclass(slots=True)
    class Later:
        x: int = field(init=False)

    tagger = Tagger([Later])
    assert not hasattr(tagger.decode(tagger.encode(Later())), "x")


def test_fields_that_were_added() -> None:
    assert read(Point, {"x": 1}) == Point(1, 0)
    assert read(Frozen, {"a": 1}) == Frozen(1, ())
    found = read(Basket, {})
    assert found.items == []
    assert found.items is not read(Basket, {}).items
    assert not hasattr(found, "total")


def test_fields_without_a_default() -> None:
    with pytest.raises(PersistableError, match="give the field a default") as error:
        read(Point, {"y": 1})
    assert "test_dataclass.Point in here has no 'x'" in str(error.value)


def test_fields_that_were_removed() -> None:
    found = read(Point, {"x": 1, "z": 2})
    assert found == Point(1)
    assert found.z == 2
    assert Tagger(TYPES).to_plain(found)["$object"][1] == {"x": 1, "y": 0, "z": 2}


@pytest.mark.parametrize("kind", [Slotted, Frozen])
def test_fields_that_have_no_place(kind: type) -> None:
    state = {"a": 1, "z": {"$tuple": [2]}}
    with pytest.raises(PersistableError, match=r"in here has 'z', for which"):
        read(kind, state)
    kept = Kept()
    found = read(kind, state, kept)
    assert found == kind(1)
    assert kept.of(found) == {"z": (2,)}
    plain = Tagger(TYPES).to_plain([found, kind(1)], kept)
    stored = [one["$object"][1] for one in plain]
    assert stored[0] == {"z": {"$tuple": [2]}} | stored[1]
    assert "z" not in stored[1]


def test_a_field_that_became_a_property() -> None:
    @dataclass
    class Square:
        side: int

        @property
        def area(self) -> int:
            return self.side**2

    tagger = Tagger([Square])
    name = f"{Square.__module__}.{Square.__qualname__}"
    found = tagger.from_plain({"$object": [name, {"side": 2, "area": 9}]})
    assert found.area == 4
    assert tagger.to_plain(found)["$object"][1] == {"side": 2, "area": 9}


def test_classes_without_instances() -> None:
    @dataclass
    class Listed(list[int]):
        x: int = 0

    with pytest.raises(PersistableError, match=r"dataclass .*Listed as JSON"):
        Tagger([Listed])

from __future__ import annotations

from collections import OrderedDict
from dataclasses import InitVar, dataclass, field
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum, auto
from functools import cached_property
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import pytest

from zensols.persist.codec.registry import register
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import ClassNotFoundError, CorruptDataError, PersistableError

T = TypeVar("T")


class Color(Enum):
    RED = (1, 2)
    CRIMSON = RED
    BLUE = "blue"


class Number(IntEnum):
    ONE = 1


class Word(StrEnum):
    A = "a"


class Access(Flag):
    READ = auto()
    WRITE = auto()


class Bits(IntFlag):
    A = 1
    B = 2


@dataclass
class Point:
    x: float
    y: float = 0
    SHARED: ClassVar[int] = 5


@dataclass(frozen=True)
class Frozen:
    points: tuple[Point, ...]
    color: Color


@dataclass(slots=True)
class Slotted:
    a: int
    b: Any = None


@dataclass(frozen=True, slots=True)
class FrozenSlotted:
    a: int
    inner: Slotted | None = None


@dataclass
class Derived(Point):
    start: InitVar[int] = 0
    total: float = field(init=False)
    late: int = field(init=False)
    items: list[int] = field(default_factory=list)

    def __post_init__(self, start: int) -> None:
        self.total = self.x + start
        self.extra = "not a field"

    @cached_property
    def cached(self) -> int:
        return 7


@dataclass
class Generical(Generic[T]):
    value: T


class Named(NamedTuple):
    a: int
    b: Any = None


class Text(str):
    __slots__ = ()


class Loose(str):  # noqa: SLOT000  so that it has attributes
    pass


class Count(int):
    pass


class Ratio(float):
    pass


class Pair(tuple[Any, ...]):
    __slots__ = ()

    def __new__(cls, a: Any, b: Any) -> Self:
        return super().__new__(cls, (a, b))


TYPES = (
    Color,
    Number,
    Word,
    Access,
    Bits,
    Point,
    Frozen,
    Slotted,
    FrozenSlotted,
    Derived,
    Generical,
    Named,
    Text,
    Loose,
    Count,
    Ratio,
    Pair,
)


def round_trip(value: Any) -> Any:
    tagger = Tagger(TYPES)
    found = tagger.decode(tagger.encode([value]))[0]
    assert type(found) is type(value)
    return found


@pytest.mark.parametrize(
    "value",
    [
        *Color,
        *Number,
        *Word,
        *Access,
        Access.READ | Access.WRITE,
        Access(0),
        Bits.A | Bits.B,
        Bits(12),
        ~Bits.A,
    ],
)
def test_members(value: Enum) -> None:
    found = round_trip(value)
    assert found == value
    if not isinstance(value, Flag):
        assert found is value
    assert round_trip({value: [value]}) == {value: [value]}


def test_aliases() -> None:
    assert round_trip(Color.CRIMSON) is Color.RED


@pytest.mark.parametrize(
    "value",
    [
        Point(1.5),
        Point(float("nan"), -0.0),
        Frozen((Point(1), Point(2)), Color.BLUE),
        Slotted(1, {2: Slotted(3)}),
        FrozenSlotted(1, Slotted(2)),
        Generical([1, (2,)]),
        Named(1, Named(2)),
        Text("é"),
        Text("\ud800"),
        Loose("x"),
        Count(2**70),
        Ratio("inf"),
        Pair(1, [2]),
        {Text("a"): 1, Named(1, 2): 2},
        {FrozenSlotted(1)},
    ],
)
def test_instances(value: Any) -> None:
    assert repr(round_trip(value)) == repr(value)


def test_state_that_no_constructor_takes() -> None:
    value = Derived(1, start=10)
    assert value.cached == 7
    value.items.append(3)
    value.mark = (1,)  # type: ignore[attr-defined]
    found = round_trip(value)
    assert vars(found) == vars(value)
    assert found.total == 11
    assert found.extra == "not a field"
    assert not hasattr(found, "late")
    assert "SHARED" not in vars(found)


def name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def read(kind: type, data: Any) -> Any:
    return Tagger(TYPES).from_plain({"$object": [name(kind), data]}, "here")


@pytest.mark.parametrize("attribute", ["__class__", "__dict__", "__init__"])
def test_special_attributes(attribute: str) -> None:
    with pytest.raises(CorruptDataError, match="here"):
        read(Point, {"x": 1, attribute: {}})


def test_members_that_are_gone() -> None:
    for kind in (Color, Number):
        with pytest.raises(ClassNotFoundError, match="no member 'GONE'"):
            read(kind, "GONE")
    with pytest.raises(CorruptDataError):
        read(Access, 64)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Color, []),
        (Access, "READ"),
        (Point, []),
        (Point, "x"),
        (Text, 1),
        (Count, 1.5),
        (Named, [1, 2]),
        (Pair, "ab"),
    ],
)
def test_wrong_data(kind: type, data: Any) -> None:
    with pytest.raises(CorruptDataError, match="here"):
        read(kind, data)


def test_subclasses_are_not_registered() -> None:
    class More(Point):
        pass

    class Longer(Text):
        pass

    for value in (More(1), Longer("x")):
        with pytest.raises(PersistableError, match=r"value\[0\].*types=\("):
            Tagger(TYPES).encode([value])


def test_attributes_of_simple_types() -> None:
    value = Loose("x")
    value.extra = 1  # type: ignore[attr-defined]
    with pytest.raises(PersistableError, match=r"value\[0\].*besides what it is"):
        Tagger(TYPES).encode([value])


@dataclass
class Listed(list[int]):
    x: int = 0


class Plain:
    pass


@pytest.mark.parametrize(
    "kind", [Plain, Listed, dict, str, tuple, int, OrderedDict, type("L", (list,), {})]
)
def test_what_cannot_be_registered(kind: type) -> None:
    with pytest.raises(PersistableError, match=kind.__name__):
        register([kind])


def test_names_must_differ() -> None:
    def make() -> type:
        @dataclass
        class Same:
            x: int

        return Same

    first = make()
    assert list(register([first, first])) == [name(first)]
    with pytest.raises(PersistableError, match="Two classes are called"):
        register([first, make()])


def test_faults_of_attributes_are_reported() -> None:
    with pytest.raises(PersistableError, match=r"value\.points\[1\]\.x as JSON: <obj"):
        Tagger(TYPES).encode(Frozen((Point(1), Point(object())), Color.RED))  # type: ignore[arg-type]
    with pytest.raises(PersistableError, match=r"value\[1\] as JSON: <object"):
        Tagger(TYPES).encode(Named(1, object()))

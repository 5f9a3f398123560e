"""Dataclasses that tests convert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, Optional
from uuid import UUID

from zensols.persist.convert import exclude

if TYPE_CHECKING:
    from nowhere import Client

Metres = NewType("Metres", float)
FIVE = UUID(int=5)
PLACE = PurePosixPath("a/b")


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0


@dataclass(frozen=True)
class Circle:
    center: Point
    radius: float = 1.0


@dataclass(frozen=True)
class Square:
    center: Point
    side: float = 1.0


@dataclass(frozen=True)
class Disk:
    """Has the fields of another."""

    center: Point
    radius: float = 1.0


@dataclass
class Node:
    name: str
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None


@dataclass
class Drawing:
    """Has one of each."""

    name: str
    color: Color = Color.RED
    level: Level = Level.LOW
    at: datetime = datetime(2020, 5, 17, 12, 30, tzinfo=UTC)
    day: date = date(2020, 5, 17)
    hour: time = time(12, 30)
    took: timedelta = timedelta(seconds=3)
    price: Decimal = Decimal("1.10")
    id: UUID = FIVE
    raw: bytes = b"\x00\xff"
    path: PurePosixPath = PLACE
    kind: Literal["a", "b"] = "a"
    width: Annotated[Metres, "of the paper"] = Metres(1.0)
    anything: Any = None
    points: list[Point] = field(default_factory=list)
    named: dict[str, Point] = field(default_factory=dict)
    numbered: dict[int, Point] = field(default_factory=dict)
    colored: dict[Color, list[int]] = field(default_factory=dict)
    corners: tuple[Point, ...] = ()
    pair: tuple[int, Point] = (1, Point(2))
    marks: set[Point] = field(default_factory=set)
    fixed: frozenset[Level] = frozenset()
    sequence: Sequence[Point] = field(default_factory=list)
    mapping: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    nested: dict[str, list[dict[str, Point]]] = field(default_factory=dict)
    origin: Optional[Point] = None  # noqa: UP045  as many write it
    number: int | float | None = None
    when: str | datetime | date = ""
    shape: Circle | Square | None = None
    shapes: list[Circle | Square | Disk] = field(default_factory=list)
    odd: list[int] | dict[str, int] | tuple[int, int] | str | bool = False
    tree: Node = field(default_factory=lambda: Node("root"))
    late: int = field(default=0, init=False)


@dataclass
class Device:
    """Has what is not to be written."""

    name: str
    lock: Any = field(default_factory=Lock, metadata=exclude, compare=False)
    client: Client | None = field(default=None, metadata={**exclude, "unit": "none"})
    speed: float = 1.0


@dataclass
class Checked:
    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError("negative")


@dataclass
class Group:
    checked: list[Checked] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    by_name: dict[str, Point] = field(default_factory=dict)


@dataclass
class NoDefault:
    lock: Any = field(metadata=exclude)


@dataclass
class Unresolved:
    x: Client


@dataclass
class Initial:
    x: int = 0
    start: InitVar[int] = 5

    def __post_init__(self, start: int) -> None:
        self.started = start

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    computed_field,
    field_validator,
)
from pydantic.dataclasses import dataclass

from zensols.persist.codec.kept import Kept
from zensols.persist.codec.model import is_model
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import CorruptDataError, PersistableError

T = TypeVar("T")


class Point(BaseModel):
    x: float
    y: float = 0
    tags: list[str] = Field(default_factory=list, alias="labels")


class Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    at: datetime
    content: tuple[Any, ...] = ()
    inner: Message | None = None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int = 1

    @cached_property
    def double(self) -> int:
        return self.a * 2


class Secret(BaseModel):
    a: int = 1
    _count: int = PrivateAttr(default=3)
    _items: list[int] = PrivateAttr(default_factory=list)
    _late: Any = PrivateAttr()


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    a: int
    b: int = Field(default_factory=lambda data: data["a"] + 1)

    @field_validator("a")
    @classmethod
    def check(cls, value: int) -> int:
        if value < 0:
            raise ValueError("negative")
        return value

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        return self.a + self.b


class Boxed(BaseModel, Generic[T]):
    value: T


class Numbers(RootModel[list[int]]):
    pass


@dataclass
class Pair:
    a: int
    b: int = 2


TYPES = (Point, Message, Open, Secret, Strict, Boxed[int], Numbers, Pair)
TAGGER = Tagger(TYPES)


def name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def read(kind: type, data: Any, kept: Kept | None = None) -> Any:
    return TAGGER.from_plain({"$object": [name(kind), data]}, "here", kept)


def round_trip(value: Any) -> Any:
    found = TAGGER.decode(TAGGER.encode([value]))[0]
    assert type(found) is type(value)
    return found


MESSAGES = st.recursive(
    st.builds(Message, at=st.datetimes(), inner=st.none()),
    lambda inner: st.builds(
        Message,
        at=st.datetimes(),
        content=st.tuples(st.binary(), inner),
        inner=inner,
    ),
    max_leaves=5,
)


@given(MESSAGES)
def test_round_trip(value: Message) -> None:
    found = round_trip(value)
    assert found == value
    assert repr(found) == repr(value)
    assert found.model_fields_set == value.model_fields_set


@pytest.mark.parametrize(
    "value",
    [
        Point(x=1.5, labels=["a"]),
        Open(a=2, z=(1, 2), copy="x"),  # type: ignore[call-arg]
        Secret(a=5),
        Strict(a=1),
        Boxed[int](value=1),
        Numbers([1, 2]),
        Pair(1),
        {"nested": [Point(x=1, labels=[])]},
    ],
)
def test_instances(value: Any) -> None:
    assert round_trip(value) == value
    assert repr(round_trip(value)) == repr(value)


def test_tells_fields_that_were_set() -> None:
    for value in (Point(x=1), Point(x=1, y=0), Open(z=1)):  # type: ignore[call-arg]
        found = round_trip(value)
        assert found.model_fields_set == value.model_fields_set
        assert found.model_dump(exclude_unset=True) == value.model_dump(
            exclude_unset=True
        )


def test_private_attributes() -> None:
    value = Secret()
    value._count = 7
    value._items.append((1,))  # type: ignore[arg-type]
    found = round_trip(value)
    assert (found._count, found._items) == (7, [(1,)])
    with pytest.raises(AttributeError):
        _ = found._late
    assert read(Secret, {})._count == 3
    assert read(Secret, {})._items is not read(Secret, {})._items


def test_nothing_is_validated_nor_run() -> None:
    value = Strict.model_construct(a=-1, b="text")
    assert round_trip(value).a == -1
    assert round_trip(value).b == "text"


def test_validates_afterwards() -> None:
    found = round_trip(Strict(a=1))
    with pytest.raises(ValueError, match="negative"):
        found.a = -1
    assert found.total == 3


def test_cached_properties_are_not_stored() -> None:
    value = Open(a=2, z=1)  # type: ignore[call-arg]
    assert value.double == 4
    plain = TAGGER.to_plain(value)
    assert plain["$object"][1] == {"a": 2, "z": 1}
    assert round_trip(value).model_extra == {"z": 1}


def test_fields_that_were_added() -> None:
    found = read(Point, {"x": 1})
    assert found.model_dump() == {"x": 1, "y": 0, "tags": []}
    assert found.model_fields_set == {"x"}
    assert found.tags is not read(Point, {"x": 1}).tags
    assert read(Strict, {"a": 1}).b == 2
    with pytest.raises(PersistableError, match="has no 'x': give the field a default"):
        read(Point, {"y": 1})


def test_fields_that_were_removed() -> None:
    for kind in (Point, Strict):
        data = {"x": 1, "y": 2, "tags": [], "a": 5, "b": 6, "z": (1,)}
        found = read(kind, data)
        assert found.z == (1,)
        assert "z" not in found.model_dump()
        again = round_trip(found)
        assert again == found
        assert again.z == (1,)


def test_removed_fields_of_open_models_are_extra() -> None:
    found = read(Open, {"a": 1, "z": 2, "_gone": 3})
    assert found.model_extra == {"z": 2}
    assert found.model_fields_set == {"a", "z"}
    assert round_trip(found)._gone == 3


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Point, 1),
        (Point, []),
        (Point, {"x": 1, "__unset__": 5}),
        (Point, {"x": 1, "__class__": 5}),
        (Open, {"__dict__": {}}),
        (Secret, {"__pydantic_private__": {}}),
    ],
)
def test_wrong_data(kind: type, data: Any) -> None:
    with pytest.raises(CorruptDataError, match="here"):
        read(kind, data)


def test_faults_of_attributes_are_reported() -> None:
    secret = Secret()
    secret._late = object()
    with pytest.raises(PersistableError, match=r"value\[0\]\._late as JSON: <object"):
        TAGGER.encode([secret])


def test_unregistered() -> None:
    with pytest.raises(PersistableError, match=r"value\['a'\].*types=\(Point,\)"):
        Tagger().encode({"a": Point(x=1)})


def test_what_is_a_model() -> None:
    class Impostor:
        model_fields = ()

    assert is_model(Point)
    assert not is_model(Pair)
    assert not is_model(Impostor)
    assert not is_model(int)

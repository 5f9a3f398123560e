from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec.kept import Kept
from zensols.persist.codec.struct import is_struct
from zensols.persist.codec.tagged import Tagger
from zensols.persist.error import CorruptDataError, PersistableError

if TYPE_CHECKING:
    from somewhere import Missing  # type: ignore[import-not-found]

T = TypeVar("T")


class Point(msgspec.Struct):
    x: float
    y: float = 0
    tags: list[str] = msgspec.field(default_factory=list, name="labels")


class Frozen(msgspec.Struct, frozen=True, kw_only=True, tag="ice", gc=False):
    a: int = 1
    b: Any


class Open(msgspec.Struct, dict=True, frozen=True):
    a: int


class Partial(msgspec.Struct, omit_defaults=True, array_like=True):
    a: int | msgspec.UnsetType = msgspec.UNSET
    b: int = 5


class Boxed(msgspec.Struct, Generic[T]):
    value: T


class Counting(msgspec.Struct):
    x: int
    calls: int = 0

    def __post_init__(self) -> None:
        self.calls += 1


TYPES = (Point, Frozen, Open, Partial, Boxed, Counting)
TAGGER = Tagger(TYPES)


def name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def read(kind: type, data: Any, kept: Kept | None = None) -> Any:
    return TAGGER.from_plain({"$object": [name(kind), data]}, "here", kept)


VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.binary() | st.datetimes(),
    lambda inner: (
        st.builds(Point, st.floats(allow_nan=False), st.integers(), st.lists(st.text()))
        | st.builds(Frozen, a=st.integers(), b=inner)
        | st.builds(Boxed, inner)
        | st.lists(inner)
        | st.tuples(inner)
    ),
    max_leaves=10,
)


@given(VALUES)
def test_round_trip(value: Any) -> None:
    found = TAGGER.decode(TAGGER.encode([value]))[0]
    assert type(found) is type(value)
    assert found == value
    assert repr(found) == repr(value)


def test_names_are_those_of_the_attributes() -> None:
    assert TAGGER.to_plain(Point(1, tags=["a"])) == {
        "$object": [name(Point), {"x": 1, "y": 0, "tags": ["a"]}]
    }


def test_attributes_besides_the_fields() -> None:
    value = Open(1)
    vars(value)["more"] = (1,)
    found = TAGGER.decode(TAGGER.encode(value))
    assert found == Open(1)
    assert found.more == (1,)


def test_unset_fields() -> None:
    for value in (Partial(), Partial(1), Partial(b=6)):
        assert TAGGER.decode(TAGGER.encode(value)) == value
    wrong = Partial(b=msgspec.UNSET)  # type: ignore[arg-type]
    with pytest.raises(PersistableError, match=r"value\.b as JSON: UNSET"):
        TAGGER.encode(wrong)


def test_what_is_stored_overrides_the_hook() -> None:
    value = Counting(1)
    for _ in range(3):
        value = TAGGER.decode(TAGGER.encode(value))
    assert value.calls == 1
    assert read(Counting, {"x": 1}).calls == 1


def test_fields_that_were_added() -> None:
    found = read(Point, {"x": 1})
    assert found == Point(1, 0, [])
    assert found.tags is not read(Point, {"x": 1}).tags
    assert read(Frozen, {"b": 2}) == Frozen(a=1, b=2)


def test_fields_without_a_default() -> None:
    for kind, data, field in ((Point, {"y": 1}, "x"), (Frozen, {"a": 1}, "b")):
        with pytest.raises(PersistableError, match="give the field a default") as error:
            read(kind, data)
        assert f"{kind.__name__} in here has no {field!r}" in str(error.value)


def test_fields_that_were_removed() -> None:
    found = read(Open, {"a": 1, "z": 2})
    assert found == Open(1)
    assert found.z == 2
    assert TAGGER.to_plain(found)["$object"][1] == {"a": 1, "z": 2}


def test_fields_that_have_no_place() -> None:
    data = {"x": 1, "y": 2, "tags": [], "z": {"$tuple": [2]}}
    with pytest.raises(PersistableError, match=r"in here has 'z', for which"):
        read(Point, data)
    kept = Kept()
    found = read(Point, data, kept)
    assert found == Point(1, 2)
    assert TAGGER.to_plain([found, Point(1, 2)], kept) == [
        {"$object": [name(Point), data]},
        {"$object": [name(Point), {"x": 1, "y": 2, "tags": []}]},
    ]


@pytest.mark.parametrize("data", [1, [], "x", {"x": 1, "__class__": 2}])
def test_wrong_data(data: Any) -> None:
    with pytest.raises(CorruptDataError, match="here"):
        read(Point, data, Kept())


def test_annotations_that_cannot_be_resolved() -> None:
    class Local(msgspec.Struct):
        a: Missing
        b: int = 2

    tagger = Tagger([Local])
    assert tagger.decode(tagger.encode(Local(1))) == Local(1)


def test_faults_of_attributes_are_reported() -> None:
    with pytest.raises(PersistableError, match=r"value\.b\['a'\]\.x as JSON: <object"):
        TAGGER.encode(Frozen(b={"a": Point(object())}))  # type: ignore[arg-type]


def test_unregistered() -> None:
    with pytest.raises(PersistableError, match=r"value\[0\].*types=\(Point,\)"):
        Tagger().encode([Point(1)])


def test_what_is_a_struct() -> None:
    class Impostor:
        __struct_fields__ = ()

    assert is_struct(Point)
    assert not is_struct(Impostor)
    assert not is_struct(int)

from __future__ import annotations

import json
import pickle
import sys
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import inf, nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec.kept import Kept
from zensols.persist.codec.tagged import Tagger, _is_plain
from zensols.persist.error import CorruptDataError, PersistableError

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Real(float):
    pass


class Items(list[Any]):
    pass


class Options(dict[str, Any]):
    pass


class Number(IntEnum):
    ONE = 1


class Word(StrEnum):
    A = "a"


@dataclass
class Point:
    x: int


@dataclass(slots=True)
class Slotted:
    x: int


class Structure(msgspec.Struct):
    x: int


Pair = namedtuple("Pair", "a b")  # noqa: PYI024  a plain one

IMPOSTORS = [
    Text("a"),
    Whole(1),
    Real(1),
    Items([1]),
    Options(a=1),
    OrderedDict(a=1),
    defaultdict(int, a=1),
    Number.ONE,
    Word.A,
    Point(1),
    Pair(1, 2),
    Structure(1),
]
"""What msgspec writes as if it were plain, and would not come back."""


@given(PLAIN)
def test_plain_data_is_not_touched(value: Any) -> None:
    data = Tagger().encode(value)
    assert repr(Tagger().decode(data)) == repr(value)
    assert repr(json.loads(data)) == repr(value) or "$" in repr(value)
    assert _is_plain(value, b"null")


@given(PLAIN, st.binary())
def test_decodes_memory(value: Any, padding: bytes) -> None:
    data = Tagger().encode([value, (1,)])
    whole = memoryview(padding + data + padding)
    found = Tagger().decode(whole[len(padding) : len(padding) + len(data)])
    assert repr(found) == repr([value, (1,)])


@pytest.mark.parametrize("impostor", IMPOSTORS, ids=lambda value: type(value).__name__)
def test_impostors_are_refused(impostor: Any) -> None:
    places = [impostor, [impostor], {"a": impostor}, [[{"a": [0, impostor]}]]]
    if isinstance(impostor, (str, int, float, tuple)):
        places += [{impostor: 1}, [{"b": {impostor: 1}}], {impostor: 1, "b": 2}]
    for value in places:
        assert not _is_plain(value, b"null")
        with pytest.raises(PersistableError, match="value"):
            Tagger().encode(value)


@pytest.mark.parametrize("key", [1, 1.5, True, None, (1,), b"a", 2**70])
def test_keys_are_looked_at(key: Any) -> None:
    for value in ({key: 1}, [{"a": 1}, {"b": {key: 1}}], {"a": 1, key: 2}):
        assert not _is_plain(value, b"")
        found = Tagger().decode(Tagger().encode(value))
        assert repr(found) == repr(value)


def test_dictionaries_that_once_had_other_keys() -> None:
    """For which the interpreter keeps another kind of table."""
    value: dict[Any, Any] = {"a": 1, 2: 3}
    del value[2]
    assert Tagger().decode(Tagger().encode([value])) == [{"a": 1}]


def test_attributes_of_objects() -> None:
    """Whose dictionaries share their keys."""

    class Plain:
        def __init__(self, x: Any) -> None:
            self.x = x
            self.y = 1

    values = [vars(Plain(1)), vars(Plain("a"))]
    assert _is_plain(values, b"null")
    assert Tagger().decode(Tagger().encode(values)) == values
    with pytest.raises(PersistableError, match=r"value\[0\]\['x'\]"):
        Tagger().encode([vars(Plain(object()))])


@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_floats_that_json_lacks(number: float) -> None:
    for value in (
        [number],
        {"a": [None, {"b": number}]},
        [[1.5, None], [number, "null"]],
    ):
        data = Tagger().encode(value)
        assert b'"$float"' in data
        assert repr(Tagger().decode(data)) == repr(value)


def test_null_in_text_is_harmless() -> None:
    value = ["null", None, 1.5, {"null": "null"}]
    assert Tagger().decode(Tagger().encode(value)) == value


@pytest.mark.parametrize(
    "value", ["$", "$5", ["$5", "a$b"], {"price": "$5"}, {"$": 1, "a": 2}]
)
def test_signs_in_text(value: Any) -> None:
    data = Tagger().encode(value)
    assert json.loads(data) == value
    assert Tagger().decode(data) == value


@given(PLAIN)
def test_what_looks_like_a_tag(value: Any) -> None:
    value = [{"$date": value}, {"$tuple": [value]}]
    assert repr(Tagger().decode(Tagger().encode(value))) == repr(value)


def test_cycles() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    wide: list[Any] = []
    wide += [wide, wide, {"a": wide}]
    named: dict[str, Any] = {}
    named["a"] = [named]
    for value in (ring, wide, named):
        with pytest.raises(PersistableError, match="contains itself"):
            Tagger().encode(value)


def nested(kind: type, depth: int) -> Any:
    value: Any = 5
    for _ in range(depth):
        value = kind([value])
    return value


@pytest.mark.parametrize("kind", [list, tuple])
def test_depth(kind: type) -> None:
    for depth in (10, 100):
        value = nested(kind, depth)
        assert Tagger().decode(Tagger().encode(value)) == value
    with pytest.raises(PersistableError, match="nested too deeply"):
        Tagger().encode(nested(kind, 200_000))


@pytest.mark.parametrize("kind", [list, tuple])
def test_depths_about_the_limit(kind: type) -> None:
    """Either it is refused or it comes back."""
    limit = sys.getrecursionlimit()
    for depth in (*range(limit // 5, limit + 50, 7), limit * 3):
        value = nested(kind, depth)
        try:
            data = Tagger().encode(value)
        except PersistableError:
            continue
        assert Tagger().decode(data) == value


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"$tuple":[' * 100_000, b'{"a":' * 100_000]
)
def test_depth_bombs(data: bytes) -> None:
    with pytest.raises(PersistableError, match="here is nested too deeply"):
        Tagger().decode(data, "here")


def test_depth_bomb_in_plain_data() -> None:
    plain: Any = 1
    for _ in range(100_000):
        plain = {"$tuple": [plain]}
    with pytest.raises(PersistableError, match="nested too deeply"):
        Tagger().from_plain(plain)


@pytest.mark.parametrize("data", [b"", b"[", b"nul", b'"\xff"', b"1 2", b'"\\ud800"'])
def test_damaged_json(data: bytes) -> None:
    with pytest.raises(CorruptDataError, match="here"):
        Tagger().decode(data, "here")


def test_objects_in_the_middle_of_much_plain_data() -> None:
    value: Any = [{"a": i, "b": [None, 1.5]} for i in range(1000)]
    value[700]["b"].append((1, 2))
    data = Tagger().encode(value)
    assert data.count(b"$") == 1
    assert Tagger().decode(data) == value


def test_travels_with_its_types() -> None:
    tagger = pickle.loads(pickle.dumps(Tagger([Point])))
    assert tagger.decode(tagger.encode(Point(1))) == Point(1)


def test_reads_are_independent() -> None:
    data = Tagger().encode({"a": ([],)})
    first, second = Tagger().decode(data), Tagger().decode(data)
    first["a"][0].append(1)
    assert second == {"a": ([],)}


def test_same_value_same_bytes(run_python: Callable[..., str]) -> None:
    """In processes that hash text in different ways."""
    code = """
from zensols.persist.codec.kept import Kept
from zensols.persist.codec.tagged import Tagger
words = [str(number) for number in range(50)]
value = {"set": set(words), "sets": {frozenset(words[:9]), frozenset(words[9:])}}
print(Tagger().encode(value).decode())
"""
    found = {run_python(code, PYTHONHASHSEED=str(seed)) for seed in range(3)}
    assert len(found) == 1


@pytest.mark.parametrize("count", [3, 300])
def test_infinite_floats_among_others(count: int) -> None:
    """However many."""
    value: list[Any] = [1.5] * count
    data = json.dumps(value).encode()
    assert _is_plain(value, data)
    for special in (inf, nan):
        value[-1] = special
        assert not _is_plain(value, b"null")
        assert repr(Tagger().decode(Tagger().encode(value))) == repr(value)


def test_no_value_goes_round_forever() -> None:
    for value in ([], {}, [[]], [{}, [[], {}]], {"a": {}}):
        assert _is_plain(value, b"")


def test_parses_json() -> None:
    assert Tagger.parse(b'{"$tuple":[1]}') == {"$tuple": [1]}
    with pytest.raises(CorruptDataError, match="here"):
        Tagger.parse(b"[", "here")


def test_keeps_what_has_no_place() -> None:
    tagger = Tagger([Slotted])
    data = tagger.encode([Slotted(1)]).replace(b'"x":1', b'"y":{"$tuple":[2]},"x":1')
    with pytest.raises(PersistableError, match="'y'"):
        tagger.decode(data)
    kept = Kept()
    value = tagger.decode(data, "here", kept)
    assert value == [Slotted(1)]
    assert tagger.encode(value, kept) == data

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec.kept import Kept
from zensols.persist.codec.registry import register
from zensols.persist.codec.walk import read, write
from zensols.persist.error import CorruptDataError, PersistableError


@dataclass
class Node:
    next: Any = None


CLASSES = register([Node])
BY_KIND = {entry.kind: entry for entry in CLASSES.values()}

KEYS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["$", "$date", "$dict", "$object", "$tuple"])
    | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=1),
    max_leaves=5,
)
VALUES = st.recursive(
    KEYS,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(KEYS, inner)
        | st.tuples(inner)
        | st.builds(Node, inner)
    ),
    max_leaves=20,
)


def is_same(a: Any, b: Any) -> bool:
    """Compare types and values all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(is_same, a, b))
    if isinstance(a, dict):
        return is_same(list(a.items()), list(b.items()))
    if isinstance(a, frozenset):
        return is_same(sorted(map(repr, a)), sorted(map(repr, b)))
    if isinstance(a, Node):
        return is_same(a.next, b.next)
    return bool(repr(a) == repr(b))


@given(VALUES)
def test_round_trip(value: Any) -> None:
    plain = write(value, BY_KIND)
    assert is_same(read(plain, CLASSES, "here"), value)
    # Plain data is all that there is.
    queue = [plain]
    while queue:
        one = queue.pop()
        assert type(one) in (type(None), bool, int, float, str, list, dict)
        if type(one) is dict:
            assert all(type(key) is str for key in one)
            queue.extend(one.values())
        elif type(one) is list:
            queue.extend(one)


def test_keys_keep_their_types() -> None:
    value: dict[Any, Any] = {1: "a", 2.0: "c", "1": "d", None: "e", "": "f"}
    assert is_same(read(write(value, {}), {}, ""), value)
    for key in (True, 1, 1.0):
        assert is_same(read(write({key: 0}, {}), {}, ""), {key: 0})


@pytest.mark.parametrize(
    "value",
    [
        {"$date": "2024-01-01"},
        {"$dict": []},
        {"$object": ["a", {}]},
        {"$": 1},
        {"$$date": {"$date": 1}},
        {"$unknown": [{"$unknown": 1}]},
        {"a": {"$tuple": [1]}},
        {"$a": 1, "$b": 2},
    ],
)
def test_what_looks_like_a_tag(value: Any) -> None:
    assert is_same(read(write(value, {}), {}, ""), value)
    assert is_same(read(write(Node(value), BY_KIND), CLASSES, ""), Node(value))


def test_two_members_are_no_tag() -> None:
    value = {"$date": "2024-01-01", "x": 1}
    assert write(value, {}) == value
    assert read(value, {}, "") == value


def test_unknown_tags() -> None:
    with pytest.raises(PersistableError, match=r"'\$new' in here: .*newer release"):
        read([{"$new": 1}], {}, "here")


@pytest.mark.parametrize(
    "plain",
    [
        {"$object": 1},
        {"$object": ["a"]},
        {"$object": [1, 2, 3]},
        {"$object": [["a"], {}]},
        {"$dict": [[[], 1]]},
        {"$dict": [1]},
        {"$set": [[]]},
        {"$tuple": 5},
        {"$bytes": "?"},
        {"$date": {"$date": "2024-01-01"}},
    ],
)
def test_damaged_tags(plain: Any) -> None:
    with pytest.raises(CorruptDataError, match="here"):
        read({"a": [plain]}, {}, "here")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (object(), ""),
        ([0, {"a'b": (1, object())}], '[1]["a\'b"][1]'),
        ({1: {"x": object()}}, "[1]['x']"),
        ({(1, object()): 0}, ".keys()[1]"),
        ({"a": Node([object()])}, "['a'].next[0]"),
    ],
)
def test_paths(value: Any, path: str) -> None:
    with pytest.raises(PersistableError) as error:
        write(value, BY_KIND)
    assert str(error.value).startswith(f"Can't store value{path} as JSON: <object")
    assert "has no form for object" in str(error.value)


def test_paths_in_sets() -> None:
    item = object()
    for kind in (set, frozenset):
        with pytest.raises(PersistableError) as error:
            write([kind([item])], {})
        assert f"value[0].{{{item!r}}} as JSON" in str(error.value)


def test_cycles() -> None:
    ring: list[Any] = [1]
    ring.append({"a": ring})
    node = Node()
    node.next = (node,)
    keyed: dict[str, Any] = {}
    keyed["a"] = {1: keyed}
    for value, path in ((ring, "[1]['a']"), (node, ".next[0]"), (keyed, "['a'][1]")):
        with pytest.raises(PersistableError, match="contains itself") as error:
            write(value, BY_KIND)
        assert f"value{path} as JSON" in str(error.value)


def test_shared_objects_are_no_cycles() -> None:
    shared = [1]
    assert write([shared, shared, {"a": shared}], {}) == [[1], [1], {"a": [1]}]
    empty = ()
    assert write([empty, (empty,)], {}) == [
        {"$tuple": []},
        {"$tuple": [{"$tuple": []}]},
    ]


def test_reading_keeps_what_it_reads() -> None:
    plain = {"a": [{"$tuple": [1]}]}
    assert read(plain, {}, "") == {"a": [(1,)]}
    assert plain == {"a": [{"$tuple": [1]}]}


def test_sets_are_in_order() -> None:
    plain = write({"b", 10, 9, (2,), frozenset("yx"), None}, {})
    assert plain == {
        "$set": ["b", 10, 9, None, {"$frozenset": ["x", "y"]}, {"$tuple": [2]}]
    }
    # These collide, so that the first to come is the first to go.
    one, other = {0, 2**61 - 1}, {2**61 - 1, 0}
    assert list(one) != list(other)
    assert write(one, {}) == write(other, {})


@dataclass(slots=True)
class Tight:
    x: int


def test_what_is_kept_is_written_again() -> None:
    classes = register([Tight])
    kinds = {entry.kind: entry for entry in classes.values()}
    (name,) = classes
    plain = [{"$object": [name, {"x": n, "y": {"$tuple": [n]}}]} for n in range(2)]
    kept = Kept()
    found = read(plain, classes, "here", kept)
    assert found == [Tight(0), Tight(1)]
    assert write(found, kinds, kept) == plain
    # What the class has by now wins.
    kept.add(found[0], {"x": 5, "y": 6})
    assert write(found[0], kinds, kept)["$object"][1] == {"x": 0, "y": 6}
    assert write(found[0], kinds)["$object"][1] == {"x": 0}

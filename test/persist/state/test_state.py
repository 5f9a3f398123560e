from __future__ import annotations

import pickle
from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from frozendict import frozendict
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.codec.kept import Kept
from zensols.persist.error import ClassNotFoundError, CorruptDataError, PersistableError
from zensols.persist.state import State

ITEMS = st.dictionaries(st.text(max_size=3), st.integers() | st.text())


@dataclass
class Point:
    x: int


class More(State):
    __slots__ = ()


@given(ITEMS)
def test_is_a_mapping(items: dict[str, Any]) -> None:
    state = State(items)
    assert isinstance(state, Mapping)
    assert dict(state) == state.get_all() == {**state} == items
    assert list(state.items()) == list(items.items())
    assert len(state) == len(items)
    assert state == State(items) == items
    assert items == state
    assert hash(state) == hash(State(dict(reversed(items.items()))))
    assert all(key in state and state[key] == items[key] for key in items)
    assert bool(state) is bool(items)


def test_names() -> None:
    assert State({"self": 1, "items": 2}, cls=3) == {"self": 1, "items": 2, "cls": 3}
    assert State(self=1).update(self=2, items=3) == {"self": 2, "items": 3}
    assert State().append(self=1).extend(self=[2]) == {"self": [1, 2]}
    assert State().increment(self=1) == {"self": 1}
    for wrong in ({1: 2}, {None: 1}, [("a", 1)]):
        with pytest.raises(PersistableError, match="A state"):
            State(wrong)  # type: ignore[arg-type]
    with pytest.raises(PersistableError, match="not 1, which is an int"):
        State().update({1: 2})  # type: ignore[dict-item]
    with pytest.raises(PersistableError, match="not 1, which is an int"):
        State().merge({1: 2})  # type: ignore[dict-item]


def test_absent_values() -> None:
    state = State(a=None)
    assert state["a"] is None
    assert state.get("b", 5) == 5
    assert "b" not in state
    with pytest.raises(KeyError, match="'b'"):
        state["b"]


def test_cannot_be_changed() -> None:
    state: Any = State(a=1)
    with pytest.raises(TypeError):
        state["a"] = 2
    with pytest.raises(TypeError):
        del state["a"]
    with pytest.raises(AttributeError):
        state.a = 2
    items = {"a": 1}
    state = State(items)
    items["a"] = 2
    state.get_all()["a"] = 3
    assert state == {"a": 1}


def test_equality() -> None:
    state = State(a=1)
    assert state == frozendict(a=1) == MappingProxyType({"a": 1})
    assert state != {"a": 2}
    assert state != [("a", 1)]
    assert {State(a=1): 5}[State(a=1)] == 5
    assert State(a=1) == More(a=1)


def test_hash_needs_those_of_the_values() -> None:
    for value, text in (([1], "a list"), (([1],), "a tuple")):
        with pytest.raises(TypeError, match=f"'b' is {text}"):
            hash(State(a=1, b=value))


def test_repr() -> None:
    assert repr(State(a=[1])) == "State({'a': [1]})"
    assert repr(More()) == "More({})"


@given(ITEMS, ITEMS)
def test_update_and_merge(one: dict[str, Any], other: dict[str, Any]) -> None:
    state = State(one)
    for found in (
        state.update(other),
        state.update(**other),
        state.update(State(other)),
        state.merge(other),
        state.merge(State(other)),
        state.merge(MappingProxyType(other)),
    ):
        assert found == {**one, **other}
        assert list(found) == list({**one, **other})
    assert state == one
    assert state.update() == one


def test_update_prefers_names() -> None:
    assert State(a=1).update({"a": 2, "b": 3}, a=4) == {"a": 4, "b": 3}


def test_append_and_extend() -> None:
    state = State(a=[1], b=(1,))
    assert state.append(a=2, b=2, c=[3]) == {"a": [1, 2], "b": (1, 2), "c": [[3]]}
    assert state.extend(a=(2, 3), b=[2], c=iter("xy")) == {
        "a": [1, 2, 3],
        "b": (1, 2),
        "c": ["x", "y"],
    }
    # No list is changed that another state has.
    assert state == {"a": [1], "b": (1,)}
    with pytest.raises(PersistableError, match="'a': an int has none: use append"):
        state.extend(a=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["text", {1}, None, 5, {}])
def test_only_lists_have_items_added(value: Any) -> None:
    for change in (State(a=value).append, State(a=value).extend):
        with pytest.raises(PersistableError, match=r"'a': it is .*, not a list"):
            change(a=[1])


def test_increment() -> None:
    state = State(a=1, b=1.5, c=Decimal(1))
    assert state.increment(a=2, b=0.5, c=1, d=-1) == {"a": 3, "b": 2, "c": 2, "d": -1}
    for value in ("x", None, [1]):
        with pytest.raises(PersistableError, match=r"add 1 to 'a': it is"):
            State(a=value).increment(a=1)


@given(ITEMS, st.lists(st.text(max_size=3)))
def test_wipe_and_subset(items: dict[str, Any], keys: list[str]) -> None:
    state = State(items)
    wanted = {key: items[key] for key in items if key in keys}
    rest = {key: items[key] for key in items if key not in keys}
    assert state.wipe(delete=keys) == state.wipe(delete=iter(keys)) == rest
    assert state.wipe(keep=keys) == state.subset(*keys) == wanted
    assert list(state.subset(*keys)) == list(wanted)
    assert state.wipe() == {}
    assert state.wipe(delete=[]) == items
    assert state.wipe(keep=[]) == {}
    assert state == items


def test_wrong_wipes() -> None:
    with pytest.raises(PersistableError, match="not both"):
        State(a=1).wipe(delete=["a"], keep=["b"])
    with pytest.raises(PersistableError, match=r"'ab' is no list of names, \['ab'\]"):
        State(a=1).wipe("ab")
    with pytest.raises(PersistableError, match="'ab' is no list"):
        State(a=1).wipe(keep="ab")


def test_subset_of_what_must_be_there() -> None:
    assert State(a=1, b=2).subset("a", ignore_missing=False) == {"a": 1}
    with pytest.raises(KeyError, match="'x'"):
        State(a=1).subset("a", "x", ignore_missing=False)


def test_changes_keep_the_class() -> None:
    state = More(a=[1], n=1)
    for found in (
        state.update(a=1),
        state.append(a=1),
        state.increment(n=1),
        state.wipe(),
        state.subset("a"),
        state.merge({}),
        copy(state),
        pickle.loads(pickle.dumps(state)),
        More.deserialize(state.serialize()),
    ):
        assert type(found) is More


def test_serializes() -> None:
    state = State(a=(1, 2), b=Point(1))
    plain = state.serialize([Point])
    name = f"{Point.__module__}.Point"
    assert plain == {"a": {"$tuple": [1, 2]}, "b": {"$object": [name, {"x": 1}]}}
    assert State.deserialize(plain, [Point]) == state
    assert State.deserialize(MappingProxyType(plain), [Point]) == state
    with pytest.raises(PersistableError, match=r"value\['b'\] .*types=\(Point,\)"):
        state.serialize()
    with pytest.raises(ClassNotFoundError, match="the state"):
        State.deserialize(plain)


def test_serializes_what_looks_like_a_tag() -> None:
    state = State({"$tuple": [1]})
    assert State.deserialize(state.serialize()) == state


def test_damaged_plain_states() -> None:
    for plain in ({"$tuple": [1]}, {"$date": "2024-01-01"}):
        with pytest.raises(CorruptDataError, match="the state"):
            State.deserialize(plain)


def test_restores() -> None:
    point = Point(1)
    kept = Kept([(point, {"y": 2})])
    state = State.restore({"a": point}, kept)
    assert state == {"a": point}
    assert state.kept is kept
    with pytest.raises(PersistableError, match="not 1"):
        State.restore({1: 2}, kept)  # type: ignore[dict-item]


def test_copies_keep_what_was_stored() -> None:
    point = Point(1)
    state = State.restore({"a": [point]}, Kept([(point, {"y": 2})]))
    for found in (
        deepcopy(state),
        pickle.loads(pickle.dumps(state)),
    ):
        assert found == state
        assert found["a"][0] is not point
        assert found.kept.of(found["a"][0]) == {"y": 2}
    assert copy(state).kept.of(point) == {"y": 2}

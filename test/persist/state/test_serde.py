from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from zensols.persist.error import (
    ClassNotFoundError,
    CorruptDataError,
    PersistableError,
)
from zensols.persist.state import State, StateSerde
from zensols.persist.state.error import StateVersionError

ROOT = Path(__file__).parents[3]


class Role(Enum):
    USER = "user"


@dataclass(frozen=True)
class Message:
    text: str
    role: Role = Role.USER
    tags: frozenset[str] = frozenset()


@dataclass(slots=True)
class Slotted:
    a: Any
    b: list[Any] = field(default_factory=list)


class Structure(msgspec.Struct, frozen=True):
    a: Any
    b: int = 5


class Model(BaseModel):
    a: Any
    b: int = 5


TYPES = (Role, Message, Slotted, Structure, Model)
SERDE = StateSerde(TYPES)

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["$", "$tuple", "$object"])
)
HASHABLE = PLAIN | st.binary() | st.datetimes() | st.builds(Message, st.text())
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(HASHABLE, inner)
        | st.tuples(inner, inner)
        | st.frozensets(HASHABLE)
        | st.sets(st.text())
        | st.builds(Slotted, inner, st.lists(inner))
        | st.builds(Structure, inner)
        | st.builds(Model, a=inner)
    ),
    max_leaves=10,
)
STATES = st.dictionaries(st.text() | st.sampled_from(["$tuple", "$"]), VALUES)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (set, frozenset)):
        return {(type(v), v) for v in one} == {(type(v), v) for v in other}
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, Mapping):
        return is_same(list(one.items()), list(other.items()))
    if isinstance(one, (Slotted, Structure, Model)):
        return is_same([one.a, one.b], [other.a, other.b])
    return bool(repr(one) == repr(other))


@given(STATES)
def test_round_trip(items: dict[str, Any]) -> None:
    data = SERDE.encode(State(items))
    found = SERDE.decode(data, None)
    assert type(found) is State
    assert is_same(found.get_all(), items)
    assert SERDE.encode(found) == data == SERDE.encode(items)
    json.loads(data)


@given(st.dictionaries(st.text(), st.lists(PLAIN) | st.dictionaries(st.text(), PLAIN)))
def test_plain_states_are_plain_json(items: dict[str, Any]) -> None:
    data = SERDE.encode(items)
    assert b'"$' in data or json.loads(data) == items
    assert is_same(SERDE.decode(data, None).get_all(), items)


@pytest.mark.parametrize(
    "state",
    [MappingProxyType({"a": 1}), {"a": 1}, State(a=1), State(State({"a": 1}))],
)
def test_any_mapping_is_a_state(state: Any) -> None:
    assert SERDE.encode(state) == b'{"a":1}'


def test_arrays() -> None:
    array = np.arange(6, dtype="<f4").reshape(2, 3)
    found = SERDE.decode(SERDE.encode({"a": [array], "mean": array.mean()}), None)
    assert found["a"][0].dtype == array.dtype
    assert (found["a"][0] == array).all()
    assert type(found["mean"]) is np.float32


def test_conversation() -> None:
    """As an agent has it."""
    state = State(
        messages=[Message("hi"), Message("hello", tags=frozenset("ab"))],
        at=datetime(2024, 1, 2, tzinfo=UTC),
        scores={("a", 1): 0.5, ("b", 2): float("inf")},
        todo={3, 1, 2},
    )
    for _ in range(3):
        found = SERDE.decode(SERDE.encode(state), None)
        assert found == state
        state = found.append(messages=Message("again"))
    assert len(state["messages"]) == 5


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"a": {"b": [0, object()]}}, "value['a']['b'][1] as JSON: <object object"),
        ({"a": Message(object())}, "value['a'].text as JSON: <object"),  # type: ignore[arg-type]
        ({"a": Structure(lambda: 0)}, "value['a'].a as JSON: <function"),
        ({"a": np.array([None])}, "value['a'] as JSON: array([None]"),
        ({"a": [type("Local", (), {})()]}, "JSON has no form for Local"),
        ({1: 2}, "names for its values, not 1"),
        ([1], "is a mapping, not a list"),
    ],
)
def test_says_where_what_cannot_be_saved_is(state: Any, text: str) -> None:
    with pytest.raises(PersistableError) as error:
        SERDE.encode(state)
    assert text in str(error.value)
    if isinstance(state, dict) and "a" in state:
        with pytest.raises(PersistableError):
            SERDE.encode(State(state))


def test_classes_are_not_found_by_the_data() -> None:
    data = SERDE.encode({"a": Message("hi")})
    with pytest.raises(ClassNotFoundError, match="state 3 of app is not registered"):
        StateSerde().decode(data, None, "state 3 of app")
    with pytest.raises(PersistableError, match=r"give types=\(Message,\)"):
        StateSerde().encode({"a": Message("hi")})


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"1", b'{"a":', b'{"$tuple":[]}', b"\xff"]
)
def test_damage(data: bytes) -> None:
    with pytest.raises(CorruptDataError, match="state 3 of app"):
        SERDE.decode(data, None, "state 3 of app")


def test_names_that_are_no_text() -> None:
    with pytest.raises(PersistableError, match="not 1, which is an int"):
        SERDE.decode(b'{"$dict":[[1,2]]}', None)


def name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


@pytest.mark.parametrize("kind", [Slotted, Structure, Model])
def test_fields_come_and_go(kind: Any) -> None:
    """A release without two fields, and with a new one, works on a state that has
    them."""
    gone = {"z": {"$tuple": [1]}, "y": None}
    stored = {"list": [{"$object": [name(kind), {"a": 1, **gone}]}], "count": 1}
    data = json.dumps(stored).encode()
    state = SERDE.decode(data, None)
    assert state["list"] == [kind(a=1)]
    for changed in (
        state.update(count=2),
        state.append(list=3),
        state.increment(count=1),
        state.subset("list"),
        state.wipe(["count"]),
        state.merge({"x": 1}),
        State(x=1).merge(state),
        State(state, x=1),
        pickle.loads(pickle.dumps(state)),
    ):
        again = json.loads(SERDE.encode(changed))
        fields = again["list"][0]["$object"][1]
        assert {"a": 1, **gone}.items() <= fields.items(), changed
        assert "b" in fields


def test_a_new_instance_has_no_old_fields() -> None:
    stored = {"a": {"$object": [name(Slotted), {"a": 1, "z": 2}]}}
    state = SERDE.decode(json.dumps(stored).encode(), None)
    assert b'"z":2' in SERDE.encode(state)
    assert b'"z"' not in SERDE.encode(state.update(a=Slotted(1)))


def rename(state: dict[str, Any]) -> dict[str, Any]:
    state["count"] = state.pop("counter")
    return state


def move(state: dict[str, Any]) -> dict[str, Any]:
    """Of a class that has another name now."""
    text = json.dumps(state).replace("old_module.Text", name(Message))
    found: dict[str, Any] = json.loads(text)
    return found


def test_migrations() -> None:
    old = (
        b'{"counter":3,"messages":[{"$object":["old_module.Text",{"text":"hi"}]}],'
        b'"size":{"$tuple":[1,2]}}'
    )
    serde = StateSerde(TYPES, 2, [rename, move])
    assert serde.schema_version == 2
    for version in (0, None):
        found = serde.decode(old, version)
        assert found["messages"] == [Message("hi")]
        assert found["count"] == 3
        assert found["size"] == (1, 2)
    data = serde.encode(found)
    assert b"old_module" not in data
    assert serde.decode(data, 2) == found


def test_migrations_may_make_objects() -> None:
    def wrap(state: dict[str, Any]) -> dict[str, Any]:
        return {"message": Message(state["text"])}

    serde = StateSerde(TYPES, migrations=[wrap])
    assert serde.schema_version == 1
    assert serde.decode(b'{"text":"hi"}', 0)["message"] == Message("hi")


def test_newer_states() -> None:
    for serde in (StateSerde(), StateSerde(schema_version=2)):
        with pytest.raises(StateVersionError, match=r"state 3: .* version 5 "):
            serde.decode(b"{}", 5, "state 3")
    # Before anything of it is looked at.
    with pytest.raises(StateVersionError):
        StateSerde().decode(b'{"$new":1}', 5)


def test_same_state_same_bytes() -> None:
    """In processes that hash in different ways."""
    code = """
from zensols.persist.state import StateSerde
words = [str(number) for number in range(50)]
print(StateSerde().encode({"words": set(words), "few": [frozenset(words[:9])]}))
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in range(3)
    }
    assert len(found) == 1


def test_order_comes_back() -> None:
    for items in ({"b": 1, "a": {"z": 1, "y": 2}}, {"a": {"y": 2, "z": 1}, "b": 1}):
        found = SERDE.decode(SERDE.encode(items), None)
        assert list(found) == list(items)
        assert list(found["a"]) == list(items["a"])  # type: ignore[call-overload]


def test_order_makes_no_other_state() -> None:
    one = SERDE.encode({"b": 1, "a": {"z": 1, "y": [1, 2]}})
    assert SERDE.is_same(one, SERDE.encode({"a": {"y": [1, 2], "z": 1}, "b": 1}))
    assert SERDE.is_same(one, one)
    assert not SERDE.is_same(one, SERDE.encode({"a": {"y": [2, 1], "z": 1}, "b": 1}))
    assert not SERDE.is_same(b'{"a":1}', b'{"a":1.0}')


def test_is_not_changed_by_the_state_afterwards() -> None:
    items: dict[str, Any] = {"a": [1]}
    state = State(items)
    data = SERDE.encode(state)
    items["a"].append(2)
    assert SERDE.decode(data, None) == {"a": [1]}
    first, second = SERDE.decode(data, None), SERDE.decode(data, None)
    first["a"].append(3)
    assert second == {"a": [1]}


def test_pickles() -> None:
    serde = pickle.loads(pickle.dumps(StateSerde(TYPES, 2, [rename, move])))
    assert serde.schema_version == 2
    assert serde.decode(b'{"counter":1}', 0) == {"count": 1}
    assert serde.decode(serde.encode({"a": Message("x")}), 2) == {"a": Message("x")}

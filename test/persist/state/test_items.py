from __future__ import annotations

from collections import ChainMap
from types import MappingProxyType
from typing import Any

import pytest

from zensols.persist.error import PersistableError
from zensols.persist.state import State
from zensols.persist.state.items import check_items, describe


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"": 1, "é": 2, "self": 3},
        {Text("a"): 1},
        MappingProxyType({"a": 1}),
        ChainMap({"a": 1}),
        State(a=1),
    ],
)
def test_states(state: Any) -> None:
    check_items(state)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"a": 1, 2: 3}, "not 2, which is an int: use '2'"),
        ({None: 3}, "not None, which is None: use 'None'"),
        ({b"a": 3}, "which is a bytes"),
        ([("a", 1)], "a mapping, not a list"),
        (None, "a mapping, not None"),
        ("text", "a mapping, not a str"),
    ],
)
def test_what_is_none(state: Any, text: str) -> None:
    with pytest.raises(PersistableError) as error:
        check_items(state)
    assert text in str(error.value)


def test_describes() -> None:
    assert describe(1) == "an int"
    assert describe(None) == "None"
    assert describe(State()) == "a State"

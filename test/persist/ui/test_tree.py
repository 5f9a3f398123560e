from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist.ui.tree import Node, as_tree, short


@dataclass
class Point:
    x: int
    y: Any


class Liar:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Long:
    def __repr__(self) -> str:
        return "<script>" * 10_000


class Pair(NamedTuple):
    left: int
    right: int


def labels(value: Any) -> list[str]:
    [root] = as_tree(value)
    return [root["label"], *(child["label"] for child in root["children"])]


def count(nodes: list[Node]) -> int:
    return sum(1 + count(node["children"]) for node in nodes)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ["None"]),
        (True, ["True"]),
        (1.5, ["1.5"]),
        ("text", ["“text”"]),
        ("a\nb\x00", [r"“a\nb\x00”"]),
        (b"\x00\xff", ["2 bytes: 00 ff"]),
        ([], ["list, 0 items"]),
        ((1,), ["tuple, 1 item", "0: 1"]),
        ({"a": 1, 2: "b"}, ["dict, 2 items", "a: 1", "2: “b”"]),
        ({3}, ["set, 1 item", "3"]),
        (Point(1, [2]), ["Point, 2 items", "x: 1", "y: list, 1 item"]),
        (
            Pair(1, 2),
            ["Pair, 2 items", "left: 1", "right: 2"],
        ),
        (Point, [f"type: {Point!r}"]),
        (Liar(), ["Liar, whose repr raises RuntimeError"]),
        pytest.param(10**5000, ["an integer of 16,610 bits"], id="huge"),
        ({"\u202e": 1}, ["dict, 1 item", r"\u202e: 1"]),
    ],
)
def test_labels(value: Any, shown: list[str]) -> None:
    assert labels(value) == shown


def test_long_texts_are_cut() -> None:
    [label] = labels("x" * 1000)
    assert label == f"“{'x' * 200}…” 800 characters more"
    [label] = labels(Long())
    assert len(label) < 300
    [_, label] = labels({"k" * 9999: 1})
    assert len(label) < 300


def test_broad_and_deep_values_are_cut() -> None:
    assert labels(list(range(1000)))[-1] == "… 900 more"
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep]
    assert count(as_tree(deep)) < 40
    wide = [[[[1] * 100] * 100] * 100] * 100
    assert count(as_tree(wide)) < 4200
    # All of what is above before what is below.
    [root] = as_tree({"large": [[1] * 100] * 100, "last": 1})
    assert root["children"][-1]["label"] == "last: 1"


def test_cycle_ends() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert labels(loop)[-1] == "1: list, 2 items, which this is a part of"


def test_ids_differ() -> None:
    ids: list[str] = []

    def collect(nodes: list[Node]) -> None:
        for node in nodes:
            ids.append(node["id"])
            collect(node["children"])

    collect(as_tree({"a": [1, 2, {"b": ()}], "c": list(range(200))}))
    assert len(ids) == len(set(ids))


@settings(max_examples=40)
@given(
    st.recursive(
        st.none()
        | st.floats()
        | st.text(st.characters(exclude_categories=()))
        | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_any_data_can_be_sent(value: Any) -> None:
    text = json.dumps(as_tree(value), ensure_ascii=False)
    assert text.encode()
    assert short(value).isprintable()


def test_short() -> None:
    assert short({"role": "ask"}) == "{'role': 'ask'}"
    assert len(short(["x" * 1000] * 1000)) < 500
    assert short("a\n") == r"“a\n”"

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.domain import UnionKeys, snapshot

KEYS = st.lists(st.lists(st.sampled_from("abcdef"), unique=True), max_size=4)


@given(KEYS)
def test_union_has_each_key_once_in_the_order_of_the_sources(
    sources: list[list[str]],
) -> None:
    keys = UnionKeys([lambda keys=keys: iter(keys) for keys in sources])
    expected = list(dict.fromkeys(key for source in sources for key in source))
    assert list(keys) == expected
    assert len(keys) == len(expected)
    assert keys == set(expected)
    assert set(expected) == keys
    assert all(key in keys for key in expected)
    assert "z" not in keys


def test_union_is_listed_anew() -> None:
    data = {"a": 1}
    keys = UnionKeys([data.keys])
    assert list(keys) == ["a"]
    data["b"] = 2
    assert list(keys) == ["a", "b"]
    assert repr(keys) == "UnionKeys(['a', 'b'])"


def test_union_asks_a_source_only_when_it_comes_to_it() -> None:
    asked = []

    def source(name: str) -> Iterator[str]:
        asked.append(name)
        yield name

    keys = iter(UnionKeys([lambda: source("a"), lambda: source("b")]))
    assert next(keys) == "a"
    assert asked == ["a"]


def test_union_set_operations() -> None:
    keys = UnionKeys([lambda: ["a", "b"]])
    assert keys & {"b", "c"} == {"b"}
    assert keys | {"c"} == {"a", "b", "c"}
    assert keys <= {"a", "b", "c"}
    assert {"a"} < keys


def test_union_of_dictionaries_can_change_while_iterated() -> None:
    data = {"a": 1, "b": 2}
    for key in UnionKeys([data.keys]):
        del data[key]
        data[key.upper()] = 3
    assert data == {"A": 3, "B": 3}


def test_snapshot_leaves_what_is_lazy() -> None:
    lazy = iter(["a"])
    assert snapshot(lazy) is lazy

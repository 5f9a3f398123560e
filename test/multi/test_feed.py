"""What is left to do, in chunks."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.multi.feed import Feed, identify
from zensols.multi.sizing import Sizer

ITEMS: list[Any] = ["a", "", "\ud800", b"a", 1, 1.5, None, (1, "a"), {"a": [1]}]


def feed(items: Any, size: int = 2, **kwargs: Any) -> Feed:
    return Feed(items, Sizer(size, 1), **kwargs)


def chunks_of(feed: Feed) -> list[list[Any]]:
    return [items for items, _ in feed]


def test_items_are_told_apart() -> None:
    assert len(set(map(identify, ITEMS))) == len(ITEMS)


def test_items_are_known_again_by_another_process() -> None:
    code = (
        "import pickle, sys; from zensols.multi.feed import identify;"
        "items = pickle.loads(sys.stdin.buffer.read());"
        "sys.stdout.buffer.write(b''.join(map(identify, items)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(ITEMS),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    assert found == b"".join(map(identify, ITEMS))


def test_item_that_cannot_be_known_again_has_no_name() -> None:
    assert identify(threading.Lock()) == b""
    found = feed([threading.Lock()] * 2, done={b"a"}).take()
    assert found is not None
    assert len(found[0]) == 2


@given(st.lists(st.integers()), st.integers(1, 5), st.sets(st.integers()))
def test_yields_what_is_not_done_in_order(
    items: list[int], size: int, done: set[int]
) -> None:
    tested = feed(items, size, done=set(map(identify, done)))
    chunks = list(tested)
    left = [item for item in items if item not in done]
    assert [item for chunk, _ in chunks for item in chunk] == left
    assert tested.kept == len(items) - len(left)
    assert all(len(chunk) == size for chunk, _ in chunks[:-1])
    for chunk, digests in chunks:
        assert digests == [identify(item) for item in chunk]


def test_what_is_done_can_be_asked_for() -> None:
    tested = feed(range(6), is_done=lambda item: item % 2 == 0)
    assert chunks_of(tested) == [[1, 3], [5]]
    assert tested.kept == 3


def test_takes_no_more_than_it_yields() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in count():
            taken = number
            yield number

    found = islice(feed(items(), 10), 3)
    assert [chunk[0] for chunk, _ in found] == [0, 10, 20]
    assert taken == 29


def test_total_is_known_of_what_has_a_length() -> None:
    assert feed(["a"]).total == 1
    assert feed(iter(["a"])).total is None


def test_urgent_item_comes_first_and_once() -> None:
    tested = feed(iter("abcdef"))
    first = tested.take()
    tested.hurry("e")
    tested.hurry("e")
    assert first is not None
    assert [first[0], *chunks_of(tested)] == [["a", "b"], ["e"], ["c", "d"], ["f"]]


def test_what_yielding_raises_comes_through() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    tested = feed(items(), 1)
    assert tested.take() == ([1], [identify(1)])
    with pytest.raises(ZeroDivisionError):
        tested.take()

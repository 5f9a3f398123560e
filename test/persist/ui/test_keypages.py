from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.ui.keypages import KeyPages


class Keys:
    """Counts how often keys are asked for, and how many were given."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.started = 0
        self.given = 0

    def __call__(self) -> Iterator[str]:
        self.started += 1
        for n in range(self.count):
            self.given += 1
            yield f"key-{n}"


@given(
    st.integers(0, 60),
    st.integers(1, 7),
    st.integers(1, 5),
    st.lists(st.integers(0, 80), max_size=20),
)
def test_any_page_in_any_order(
    count: int, size: int, held: int, numbers: list[int]
) -> None:
    keys = [f"key-{n}" for n in range(count)]
    pages = KeyPages(lambda: iter(keys), size, held)
    for number in numbers:
        assert pages.page(number) == keys[number * size : (number + 1) * size]
        assert pages.count in (None, count)


def test_first_page_reads_no_more() -> None:
    keys = Keys(1_000_000)
    assert KeyPages(keys, 50).page(0)[-1] == "key-49"
    assert keys.given == 50


def test_next_pages_go_on() -> None:
    keys = Keys(1000)
    pages = KeyPages(keys, 50)
    for number in range(5):
        pages.page(number)
    assert (keys.started, keys.given) == (1, 250)
    pages.page(2)
    assert (keys.started, keys.given) == (1, 250)


def test_far_back_starts_anew() -> None:
    keys = Keys(1000)
    pages = KeyPages(keys, 10, held=3)
    pages.page(50)
    assert pages.page(0)[0] == "key-0"
    assert keys.started == 2


def test_end_is_noticed() -> None:
    pages = KeyPages(Keys(100), 50)
    assert pages.count is None
    assert pages.page(7) == []
    assert pages.count == 100
    assert len(pages.page(1)) == 50


def test_memory_is_bounded() -> None:
    pages = KeyPages(Keys(50_000), 50, held=10)
    tracemalloc.start()
    try:
        pages.page(999)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000


def test_error_of_the_store_is_not_kept() -> None:
    fail = [True]

    def keys() -> Iterator[str]:
        yield "a"
        if fail:
            raise OSError("gone")
        yield "b"

    pages = KeyPages(keys, 2)
    with pytest.raises(OSError, match="gone"):
        pages.page(0)
    fail.clear()
    assert pages.page(0) == ["a", "b"]


def test_many_threads() -> None:
    pages = KeyPages(Keys(5000), 10, held=5)
    wrong: list[int] = []

    def read(numbers: range) -> None:
        wrong.extend(n for n in numbers if pages.page(n)[:1] != [f"key-{n * 10}"])

    threads = [Thread(target=read, args=(range(n, 500, 7),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []

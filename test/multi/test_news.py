"""Telling other threads what has been stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from labour import BOUND, await_that
from strands import in_thread, is_waiting

from zensols.multi.news import News

MANY = [str(number) for number in range(10_000)]


def await_waiting(thread: threading.Thread) -> None:
    assert await_that(lambda: is_waiting(thread))


def test_each_reader_gets_all_from_when_it_began() -> None:
    news = News()
    news.tell(["early"])
    with news.reading() as one:
        news.tell(["a"])
        with news.reading() as other:
            news.tell(iter(["b", "c"]))
            news.end()
            assert list(other) == ["b", "c"]
        assert list(one) == ["a", "b", "c"]
    assert news.has_ended


def test_reader_waits_for_news() -> None:
    news = News()
    found: list[str] = []
    with news.reading() as keys:
        reader = in_thread(lambda: found.extend(keys))
        await_waiting(reader)
        news.tell(["a"])
        assert await_that(lambda: found == ["a"])
        news.tell(["b"])
        news.end()
        reader.join(BOUND)
    assert found == ["a", "b"]


def test_nothing_is_kept_without_readers() -> None:
    news = News()
    with news.reading() as keys:
        pass
    news.tell(MANY)
    news.tell(MANY)
    news.end()
    assert list(keys) == []


def test_after_the_end_there_is_nothing() -> None:
    news = News()
    news.end()
    with news.reading() as keys:
        assert list(keys) == []


@pytest.fixture
def slow() -> Iterator[tuple[News, Iterator[str], threading.Thread]]:
    """A reader who has too much to read, and a writer who waits for it."""
    news = News()
    with news.reading() as keys:
        news.tell(MANY)
        writer = in_thread(news.tell, ["more"])
        await_waiting(writer)
        yield news, keys, writer
        writer.join(BOUND)
        assert not writer.is_alive()


def test_writer_waits_for_slow_readers(slow: Any) -> None:
    news, keys, _ = slow
    assert next(keys) == "0"
    assert await_that(lambda: news._readers[0])
    news.end()
    assert list(keys) == [*MANY[1:], "more"]


def test_writer_can_be_hastened(slow: Any) -> None:
    news, keys, writer = slow
    news.hasten()
    writer.join(BOUND)
    news.tell(["last"])
    news.end()
    assert list(keys)[-2:] == ["more", "last"]


def test_writer_does_not_wait_for_who_has_left() -> None:
    news = News()
    with news.reading(), news.reading() as stays:
        pass
    with news.reading():
        news.tell(MANY)
        writer = in_thread(news.tell, ["more"])
        await_waiting(writer)
    writer.join(BOUND)
    news.end()
    assert not writer.is_alive()
    assert list(stays) == []


def test_leaving_takes_the_own_list_only() -> None:
    news = News()
    with news.reading() as stays:
        with news.reading():
            pass
        news.tell(["a"])
        news.end()
        assert list(stays) == ["a"]


def test_condition_is_looked_at_with_each_news() -> None:
    news = News()
    stored: list[str] = []
    waiter = in_thread(news.wait_for, lambda: "b" in stored)
    for key in "ab":
        await_waiting(waiter)
        stored.append(key)
        news.tell([key])
    waiter.join(BOUND)
    assert not waiter.is_alive()


def test_condition_is_not_waited_for_after_the_end() -> None:
    news = News()
    waiter = in_thread(news.wait_for, lambda: False)
    await_waiting(waiter)
    news.end()
    waiter.join(BOUND)
    assert not waiter.is_alive()
    news.wait_for(lambda: False)


def test_many_threads_tell_and_read() -> None:
    news = News()
    found: list[list[str]] = []

    def read(keys: Iterator[str]) -> None:
        found.append(sorted(keys))

    with news.reading() as one, news.reading() as other:
        readers = [in_thread(read, keys) for keys in (one, other)]
        writers = [
            in_thread(lambda n=n: [news.tell([f"{n}.{i}"]) for i in range(500)])
            for n in range(4)
        ]
        for writer in writers:
            writer.join(BOUND)
        news.end()
        for reader in readers:
            reader.join(BOUND)
    told = sorted(f"{n}.{i}" for n in range(4) for i in range(500))
    assert len(found) == 2
    is_all = [keys == told for keys in found]
    assert is_all == [True, True]

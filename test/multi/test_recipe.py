"""How a stash wants to be filled."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable
from typing import Any

import pytest
from shelves import Doubles, LockedStash, Plain

from zensols.multi import (
    MultiProcessError,
    MultiProcessor,
    PoolMultiProcessor,
    SingleMultiProcessor,
    retry,
)
from zensols.multi.engine import (
    Engine,
    ProcessesEngine,
    SerialEngine,
    ThreadsEngine,
    count_workers,
)
from zensols.multi.recipe import (
    check_options,
    child_of,
    engine_of,
    processor_of,
    start_early,
)
from zensols.persist import DictionaryStash, PersistableError


def plain(**attributes: Any) -> Plain:
    stash = Plain(DictionaryStash())
    vars(stash).update(attributes)
    return stash


class Own(SingleMultiProcessor):
    """A client's."""


def test_child_is_a_copy_that_fills_nothing() -> None:
    stash = plain(engine="processes", show_progress=True, workers=4)
    before = copy.copy(vars(stash))
    child = child_of(stash)
    assert (child.is_child, child.engine, child.show_progress) == (
        True,
        "serial",
        False,
    )
    assert child.delegate is stash.delegate
    assert child.workers == 4
    assert type(child) is Plain
    assert vars(stash) == before
    assert not stash.is_child


def test_delegate_may_stay_behind() -> None:
    stash = Doubles(LockedStash({"a": 1}))
    child = child_of(stash, keep_delegate=False)
    assert isinstance(child.delegate, DictionaryStash)
    assert dict(child.delegate) == {}
    assert dict(stash.delegate) == {"a": 1}


@pytest.mark.parametrize(
    ("attributes", "kind", "workers"),
    [
        ({"workers": 1}, SerialEngine, 1),
        ({"workers": 3}, ProcessesEngine, 3),
        ({"workers": 3, "processor_class": PoolMultiProcessor}, ProcessesEngine, 3),
        ({"workers": 3, "processor_class": SingleMultiProcessor}, SerialEngine, 1),
        ({"workers": 3, "engine": "threads"}, ThreadsEngine, 3),
        ({"workers": 1, "engine": "processes"}, ProcessesEngine, 1),
        ({"workers": -1000, "engine": "threads"}, ThreadsEngine, 1),
        ({"workers": 0, "engine": "threads"}, ThreadsEngine, count_workers(0)),
        ({"workers": 3, "engine": ThreadsEngine(7)}, ThreadsEngine, 7),
        # An engine that is asked for beats the class.
        (
            {"workers": 3, "engine": "threads", "processor_class": Own},
            ThreadsEngine,
            3,
        ),
    ],
)
def test_engine(attributes: dict[str, Any], kind: type[Any], workers: int) -> None:
    engine = engine_of(plain(**attributes))
    assert type(engine) is kind
    assert engine.workers == workers


def test_there_must_be_such_an_engine() -> None:
    with pytest.raises(MultiProcessError, match="'ray'"):
        engine_of(plain(engine="ray"))


def test_forked_workers_are_started_early() -> None:
    engine = ProcessesEngine(2, "fork")
    executor = start_early(engine)
    assert executor is not None
    assert executor.submit(os.getpid).result() != os.getpid()
    engine.stop(executor, now=False)


@pytest.mark.parametrize(
    "engine",
    [SerialEngine(), ThreadsEngine(2), ProcessesEngine(2, "spawn")],
)
def test_others_are_started_where_they_are_needed(engine: Engine) -> None:
    assert start_early(engine) is None


@pytest.mark.parametrize("kind", [None, PoolMultiProcessor, SingleMultiProcessor])
def test_known_processors_are_engines(kind: type[MultiProcessor] | None) -> None:
    assert processor_of(plain(processor_class=kind)) is None


def test_client_s_processor_is_used_without_an_engine() -> None:
    stash = plain(processor_class=Own, name="words")
    assert processor_of(stash) == Own("words")
    stash.engine = "threads"
    assert processor_of(stash) is None


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"chunk_size": -1}, PersistableError, "Wrong chunk_size -1 of Plain: give"),
        ({"item_timeout": 0}, PersistableError, "Wrong item_timeout 0 of Plain: give"),
        ({"item_timeout": -1.5}, PersistableError, "Wrong item_timeout -1.5 of Plain"),
        ({"on_failure": "skip"}, ValueError, "'skip'"),
        ({"on_failure": 3}, ValueError, "3"),
    ],
)
def test_senseless_options_are_told(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        check_options(plain(**options))


def test_sensible_options_pass() -> None:
    options: Iterable[dict[str, Any]] = (
        {},
        {"chunk_size": 1, "item_timeout": 0.1},
        {"on_failure": "collect"},
        {"on_failure": retry(3)},
    )
    for each in options:
        check_options(plain(**each))

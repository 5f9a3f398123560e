from __future__ import annotations

from typing import Any

import pytest

from zensols.multi.engine import (
    DaskEngine,
    ExecutorEngine,
    ProcessesEngine,
    SerialEngine,
    ThreadsEngine,
    count_workers,
    find_engine,
)
from zensols.multi.engine.serial import SerialExecutor
from zensols.multi.error import MultiProcessError


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("serial", SerialEngine),
        ("threads", ThreadsEngine),
        ("processes", ProcessesEngine),
        ("dask", DaskEngine),
        (SerialExecutor(), ExecutorEngine),
        (SerialExecutor, ExecutorEngine),
    ],
)
def test_finds(asked: Any, kind: type) -> None:
    engine = find_engine(asked, 2)
    assert type(engine) is kind
    assert engine.workers == (1 if kind is SerialEngine else 2)
    assert isinstance(asked, str) is (engine.name == asked)


def test_default_is_one_process() -> None:
    engine = find_engine()
    assert isinstance(engine, ProcessesEngine)
    assert engine.workers == 1


def test_counts_workers() -> None:
    assert find_engine("threads", 0).workers == count_workers(0)
    assert find_engine("threads", 1.5).workers == count_workers(1.5)
    with pytest.raises(ValueError, match=r"Can't have 0\.0 workers"):
        find_engine("threads", 0.0)


def test_engine_stands_for_itself() -> None:
    engine = ThreadsEngine(3)
    assert find_engine(engine, 7) is engine


def test_start_method() -> None:
    engine = find_engine("processes", start_method="spawn")
    assert isinstance(engine, ProcessesEngine)
    assert engine.start_method == "spawn"


@pytest.mark.parametrize(
    ("asked", "address", "shown"),
    [
        ("dask", "tcp://10.0.0.1:8786", "DaskEngine(tcp://10.0.0.1:8786)"),
        ("tcp://10.0.0.1:8786", None, "DaskEngine(tcp://10.0.0.1:8786)"),
        ("tls://10.0.0.1:8786", None, "DaskEngine(tls://10.0.0.1:8786)"),
        ("dask://10.0.0.1:8786", None, "DaskEngine(tcp://10.0.0.1:8786)"),
    ],
)
def test_address(asked: str, address: str | None, shown: str) -> None:
    assert repr(find_engine(asked, address=address)) == shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "process"}, r"no engine 'process'.*serial, threads, processes"),
        ({"engine": 3}, r"no engine 3"),
        (
            {"engine": "threads", "start_method": "fork"},
            r"'threads' takes no start method, such as 'fork'",
        ),
        (
            {"engine": ThreadsEngine(1), "start_method": "fork"},
            r"ThreadsEngine\(workers=1\) takes no start method",
        ),
        (
            {"engine": "processes", "address": "tcp://10.0.0.1:1"},
            r"'processes' takes no address, such as 'tcp://10.0.0.1:1'",
        ),
        (
            {"engine": "tcp://10.0.0.1:1", "address": "tcp://10.0.0.1:2"},
            r"is an address itself: leave out 'tcp://10.0.0.1:2'",
        ),
        ({"start_method": "thread"}, r"no start method 'thread'"),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(MultiProcessError, match=message):
        find_engine(**arguments)

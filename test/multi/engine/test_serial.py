from __future__ import annotations

import sys
import threading
from typing import NoReturn

import pytest

from zensols.multi.engine import SerialEngine
from zensols.persist.domain.reach import Reach


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


def test_works_at_once_in_this_thread() -> None:
    engine = SerialEngine()
    executor = engine.start()
    done: list[str] = []
    first = executor.submit(done.append, "first")
    assert done == ["first"]
    assert first.done()
    assert executor.submit(threading.get_ident).result(0) == threading.get_ident()
    assert list(executor.map(pow, [2, 3], [5, 2])) == [32, 9]
    engine.stop(executor, now=False)


def test_is_this_process() -> None:
    engine = SerialEngine()
    assert (engine.workers, engine.reach, engine.by_value) == (1, Reach.PROCESS, False)


@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [(divmod, (1, 0), ZeroDivisionError), (sys.exit, (3,), SystemExit)],
)
def test_future_has_what_was_raised(
    function: object, arguments: tuple[int], error: type[BaseException]
) -> None:
    future = SerialEngine().start().submit(function, *arguments)  # type: ignore[arg-type]
    assert isinstance(future.exception(0), error)


def test_ctrl_c_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        SerialEngine().start().submit(interrupt)

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator

import pytest

from zensols.persist.annotation.reuse import check_function, check_value, is_coroutine
from zensols.persist.error import PersistableError


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


async def coroutine() -> int:
    return 1


def function() -> int:
    return 1


def test_is_coroutine() -> None:
    functions = (generator, async_generator, coroutine, function)
    found = [is_coroutine(f.__code__) for f in functions]
    assert found == [False, False, True, False]


@pytest.mark.parametrize("bad", [generator, async_generator])
def test_check_function(bad: object) -> None:
    with pytest.raises(PersistableError, match="return a list or a tuple"):
        check_function(bad)  # type: ignore[arg-type]
    check_function(function)
    check_function(coroutine)


def test_check_value() -> None:
    with pytest.raises(PersistableError, match=r"generator as the value of x.*a list"):
        check_value(generator(), "x")
    with pytest.raises(PersistableError, match="async_generator as the value of x"):
        check_value(async_generator(), "x")
    with pytest.raises(PersistableError, match="'async def' and await it"):
        check_value(coroutine(), "x")
    # Were the coroutine not closed, this would warn.
    gc.collect()
    for value in (None, [1], iter([1]), generator):
        check_value(value, "x")

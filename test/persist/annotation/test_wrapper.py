from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from zensols.persist.annotation.wrapper import guard, make_wrapper


def miss(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
    return ("missed", args, kwargs)


async def async_miss(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
    return miss(owner, *args, **kwargs)


def make_owner(name: str = "_work", **attributes: Any) -> SimpleNamespace:
    owner = SimpleNamespace()
    work = SimpleNamespace(_owner=owner, **attributes)
    setattr(owner, name, work)
    return owner


NAMES = ["_work", "a", "not an identifier", "é"]


@pytest.mark.parametrize("name", NAMES)
def test_plain(name: str) -> None:
    wrapper = make_wrapper(miss, name)
    assert wrapper(SimpleNamespace()) == ("missed", (), {})
    assert wrapper(make_owner(name)) == ("missed", (), {})
    assert wrapper(make_owner(name, _value_at_hand=None)) is None
    with pytest.raises(TypeError):
        wrapper(SimpleNamespace(), 1)


@pytest.mark.parametrize("name", NAMES)
def test_with_arguments(name: str) -> None:
    wrapper = make_wrapper(miss, name, has_arguments=True)
    assert wrapper(SimpleNamespace(), 1, self=2) == ("missed", (1,), {"self": 2})
    assert wrapper(make_owner(name, _value_at_hand=3), 1) == 3


@pytest.mark.parametrize("name", NAMES)
def test_asynchronous(name: str) -> None:
    wrapper = make_wrapper(async_miss, name, asynchronous=True)
    assert inspect.iscoroutinefunction(wrapper)
    missed = asyncio.run(wrapper(SimpleNamespace(), 1, a=2))
    assert missed == ("missed", (1,), {"a": 2})
    assert asyncio.run(wrapper(make_owner(name, _value_at_hand=3))) == 3


def test_functions_are_independent() -> None:
    first = make_wrapper(miss, "a")
    second = make_wrapper(lambda owner: "second", "b")
    owner = make_owner("a", _value_at_hand=3)
    assert (first(owner), second(owner)) == (3, "second")


def test_asynchronous_ones_are_guarded() -> None:
    wrapper = make_wrapper(async_miss, "_work", asynchronous=True)
    owner = make_owner(_value_at_hand=3)
    stranger = SimpleNamespace(_work=owner._work)
    assert asyncio.run(wrapper(owner)) == 3
    assert asyncio.run(wrapper(stranger)) == ("missed", (), {})


@pytest.mark.parametrize("has_arguments", [False, True])
def test_guard(has_arguments: bool) -> None:
    wrapper = make_wrapper(miss, "_work", has_arguments)
    owner = make_owner(_value_at_hand=3)
    stranger = SimpleNamespace(_work=owner._work)
    assert (wrapper(owner), wrapper(stranger)) == (3, 3)
    guard(wrapper, "_work")
    assert (wrapper(owner), wrapper(stranger)) == (3, ("missed", (), {}))
    if has_arguments:
        assert wrapper(stranger, 1, a=2) == ("missed", (1,), {"a": 2})
        assert wrapper(owner, 1, a=2) == 3


def test_errors_of_a_miss_have_no_context() -> None:
    def fail(owner: Any) -> Any:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as caught:
        make_wrapper(fail, "_work")(SimpleNamespace())
    assert caught.value.__context__ is None

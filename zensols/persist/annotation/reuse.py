"""What can be used only once can't be kept."""

from __future__ import annotations

from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
)
from typing import Any, Final

from ..error import PersistableError

__all__ = ["check_function", "check_value", "is_coroutine"]

# From inspect, which takes long to import.
_GENERATOR: Final = 0x20 | 0x200
_COROUTINE: Final = 0x80

_REMEDY: Final = "return a list or a tuple, or keep the items in a stash"


def is_coroutine(code: CodeType) -> bool:
    """Return whether a function is an ``async def`` that yields nothing.

    :param code: the function's code

    """
    return bool(code.co_flags & _COROUTINE)


def check_function(function: FunctionType) -> None:
    """Check that what a function returns can be kept.

    :param function: the function

    :raises PersistableError: if it is a generator

    """
    if function.__code__.co_flags & _GENERATOR:
        raise PersistableError(
            f"Can't keep what generator {function.__qualname__} yields, since it can "
            f"be used only once: {_REMEDY}"
        )


def check_value(value: Any, name: str) -> None:
    """Check that a value can be kept.

    :param value: the value

    :param name: what to call it

    :raises PersistableError: if it is a generator or a coroutine

    """
    remedy = _REMEDY
    if isinstance(value, CoroutineType):
        value.close()
        remedy = "make the method an 'async def' and await it"
    elif not isinstance(value, (GeneratorType, AsyncGeneratorType)):
        return
    raise PersistableError(
        f"Can't keep a {type(value).__name__} as the value of {name}, since it can be "
        f"used only once: {remedy}"
    )

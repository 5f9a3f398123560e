"""The functions that decorated methods become.

Each is made from a template in which the attribute that holds the work is
``self.WORK``, since reading an attribute whose name is part of the bytecode is
many times faster than :func:`getattr`: a value that is there costs little more
than an attribute.

"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

__all__ = ["guard", "make_wrapper"]


def _plain(miss: Callable[..., Any]) -> Any:
    def read(self: Any) -> Any:
        try:
            return self.WORK._value_at_hand
        except AttributeError:
            pass
        return miss(self)

    return read


def _guarded(miss: Callable[..., Any]) -> Any:
    def read(self: Any) -> Any:
        try:
            work = self.WORK
            if work._owner is self:
                return work._value_at_hand
        except AttributeError:
            pass
        return miss(self)

    return read


def _with_arguments(miss: Callable[..., Any]) -> Any:
    def read(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.WORK._value_at_hand
        except AttributeError:
            pass
        return miss(self, *args, **kwargs)

    return read


def _guarded_with_arguments(miss: Callable[..., Any]) -> Any:
    def read(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            work = self.WORK
            if work._owner is self:
                return work._value_at_hand
        except AttributeError:
            pass
        return miss(self, *args, **kwargs)

    return read


def _asynchronous(miss: Callable[..., Any]) -> Any:
    async def read(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            work = self.WORK
            if work._owner is self:
                return work._value_at_hand
        except AttributeError:
            pass
        return await miss(self, *args, **kwargs)

    return read


def _function(template: FunctionType, name: str, miss: Any) -> FunctionType:
    """Return the function of a template for works in the attribute ``name``."""

    def rename(constant: Any) -> Any:
        if isinstance(constant, CodeType):
            names = (name if n == "WORK" else n for n in constant.co_names)
            return constant.replace(co_names=tuple(names))
        return constant

    code = template.__code__
    code = code.replace(co_consts=tuple(map(rename, code.co_consts)))
    # Made by running its definition, as those made from bare code are called
    # more slowly by newer interpreters.
    function: FunctionType = FunctionType(code, globals())(miss)
    return function


def make_wrapper(
    miss: Callable[..., Any],
    name: str,
    has_arguments: bool = False,
    asynchronous: bool = False,
) -> FunctionType:
    """Return a function that returns the value of a work, if that has one.

    :param miss: called with the same arguments if it hasn't

    :param name: the attribute of the first argument that holds the work

    :param has_arguments: whether the function takes more than one

    :param asynchronous: whether it is awaited, like ``miss`` then

    >>> from types import SimpleNamespace
    >>> from zensols.persist.annotation.wrapper import make_wrapper
    >>> wrapper = make_wrapper(lambda owner: "missed", "_work")
    >>> wrapper(SimpleNamespace())
    'missed'
    >>> wrapper(SimpleNamespace(_work=SimpleNamespace(_value_at_hand=3)))
    3

    """
    template: Any = _plain
    if asynchronous:
        template = _asynchronous
    elif has_arguments:
        template = _with_arguments
    return _function(template, name, miss)


def guard(wrapper: FunctionType, name: str) -> None:
    """Make a function of :func:`make_wrapper` ignore the works of other owners, as
    asynchronous ones always do: those which attribute forwarding finds in another
    object while there isn't an own one yet.

    :param wrapper: the function, which isn't asynchronous

    :param name: the attribute that holds the work

    """
    one_argument = wrapper.__code__.co_posonlyargcount == 0
    guarded: Any = _guarded if one_argument else _guarded_with_arguments
    wrapper.__code__ = _function(guarded, name, None).__code__

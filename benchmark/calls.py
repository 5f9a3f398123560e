"""Reading a value that has been computed: properties and methods."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from zensols.persist import persisted

from .peers import installed
from .row import OURS, Bar, Case
from .timing import Contender, Measurement, Settings, time_all
from .workspace import new_folder

__all__ = ["CASES"]

_UNROLLED = 20
"""Calls in a statement, so that the loop around it does not count."""


class _Plain:
    def __init__(self) -> None:
        self._value = 1

    @property
    def prop(self) -> int:
        return self._value

    def method(self) -> int:
        return self._value


class _Persisted:
    @property
    @persisted
    def prop(self) -> int:
        return 1

    @persisted
    def method(self) -> int:
        return 1


class _Cached:
    @functools.cached_property
    def prop(self) -> int:
        return 1

    @functools.cache  # noqa: B019  one instance, which lives as long as the class
    def method(self) -> int:
        return 1


def _attribute(settings: Settings) -> list[Measurement]:
    return _time(
        settings,
        {
            "property": ("owner.prop", _Plain()),
            OURS: ("owner.prop", _Persisted()),
            "functools.cached_property": ("owner.prop", _Cached()),
            "attribute": ("owner._value", _Plain()),
        },
    )


def _method(settings: Settings) -> list[Measurement]:
    with ExitStack() as stack:
        contenders: dict[str, tuple[str, Any]] = {
            "method": ("owner.method()", _Plain()),
            OURS: ("owner.method()", _Persisted()),
            "functools.cache": ("owner.method()", _Cached()),
        }
        for name, opener in (
            ("joblib.Memory", _joblib_function),
            ("diskcache", _diskcache_function),
        ):
            with installed(name):
                contenders[name] = ("owner()", opener(stack))
        return _time(settings, contenders)


def _joblib_function(stack: ExitStack) -> Callable[[], int]:
    import joblib

    memory = joblib.Memory(stack.enter_context(new_folder()), verbose=0)
    function: Callable[[], int] = memory.cache(_compute)
    return function


def _diskcache_function(stack: ExitStack) -> Callable[[], int]:
    import diskcache

    folder = str(stack.enter_context(new_folder()))
    cache = stack.enter_context(diskcache.Cache(folder))
    function: Callable[[], int] = cache.memoize()(_compute)
    return function


def _compute() -> int:
    return 1


def _time(settings: Settings, calls: dict[str, tuple[str, Any]]) -> list[Measurement]:
    contenders: Sequence[Contender] = [
        Contender(name, "\n".join([call] * _UNROLLED), {"owner": owner}, _UNROLLED)
        for name, (call, owner) in calls.items()
    ]
    return time_all(contenders, settings.rounds, settings.sample_seconds)


CASES = (
    Case(
        "property",
        "read a cached property",
        "property",
        _attribute,
        Bar(1.25),
        note="The baseline is a property that returns an attribute.",
    ),
    Case(
        "method",
        "call a cached method",
        "method",
        _method,
        Bar(1.6),
        note=(
            "The baseline is a method that returns an attribute.  joblib.Memory and "
            "diskcache read a file, as ours does in a new process only."
        ),
    ),
)
"""What this module measures."""

"""Where in an object the part is that can't be stored."""

from __future__ import annotations

import io
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final

__all__ = ["find_culprit", "is_live", "shorten", "show"]

_LIVE: Final = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Thread,
    threading.Condition,
    threading.Event,
    threading.Semaphore,
    threading.local,
    socket.socket,
    GeneratorType,
    CoroutineType,
    AsyncGeneratorType,
    FrameType,
    io.TextIOWrapper,
    io.BufferedReader,
    io.BufferedWriter,
    io.BufferedRandom,
    io.BufferedRWPair,
    io.FileIO,
)
"""What is bound to this process: dill would store something, but not this."""

_STEPS: Final = 12
_CHARACTERS: Final = 200


def is_live(obj: Any) -> bool:
    """Return whether an object means something in this process only, such as a
    lock, an open file, or a module that can't be imported.

    :param obj: any object

    """
    if isinstance(obj, ModuleType):
        return sys.modules.get(obj.__name__) is not obj
    return issubclass(type(obj), _LIVE) or obj is sys.stdout or obj is sys.stderr


def find_culprit(trail: Sequence[Any]) -> str:
    """Return the path to the last of the objects that a pickler went through,
    such as ``value['layers'][3].activation``.

    :param trail: the objects that the pickler was in the midst of, outermost
                  first; between those that a user sees are some by which others
                  are pickled, such as their states

    """
    places = {id(obj): place for place, obj in reversed(list(enumerate(trail)))}
    steps: list[str] = []
    place, last = 0, len(trail) - 1
    seen = True
    while place < last:
        found = [
            (places[id(child)], step)
            for step, child in (_children(trail[place]) if seen else ())
            if places.get(id(child), 0) > place
        ]
        if found:
            place, step = min(found)
            steps.append(step)
        else:
            # Made by how the object is pickled: not part of what a user sees,
            # but what it is made of may be.
            place += 1
            seen = type(trail[place]) not in (dict, list, tuple)
    return shorten(steps)


def shorten(steps: Sequence[str]) -> str:
    """Return the text of a path, without its middle where it is long.

    :param steps: how each object is reached from the one before

    """
    if len(steps) > 2 * _STEPS:
        steps = [*steps[:_STEPS], " … ", *steps[-_STEPS:]]
    return "value" + "".join(steps)


def show(culprit: Any) -> str:
    """Return a short text for an object, which may be broken in any way.

    :param culprit: the object

    """
    try:
        text = repr(culprit)
    except Exception:  # noqa: BLE001  its __repr__ can raise anything
        text = f"<{type(culprit).__qualname__} object>"
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"


def _children(obj: Any) -> Iterator[tuple[str, Any]]:
    """Return what a user can reach from an object, and how, without running any
    of the object's code.

    """
    kind = type(obj)
    for base, items in _ITEMS:
        if issubclass(kind, base):
            yield from items(obj)
            break
    else:
        if hasattr(kind, "flat") and hasattr(kind, "dtype") and obj.dtype == object:
            yield from ((f".flat[{i}]", item) for i, item in enumerate(obj.flat))
    yield from _attributes(obj)


def _of_dict(obj: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in dict.items(obj):
        yield f"[{show(key)}]", value
        yield ".keys()", key


def _of_tuple(obj: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    names = getattr(type(obj), "_fields", ())
    for index, item in enumerate(tuple.__iter__(obj)):
        yield (f".{names[index]}" if names else f"[{index}]"), item


def _of_list(obj: list[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"[{index}]", item) for index, item in enumerate(list.__iter__(obj)))


def _of_deque(obj: deque[Any]) -> Iterator[tuple[str, Any]]:
    return ((f"[{index}]", item) for index, item in enumerate(deque.__iter__(obj)))


def _of_set(obj: set[Any]) -> Iterator[tuple[str, Any]]:
    return ((f".{{{show(item)}}}", item) for item in set.__iter__(obj))


def _of_frozenset(obj: frozenset[Any]) -> Iterator[tuple[str, Any]]:
    return ((f".{{{show(item)}}}", item) for item in frozenset.__iter__(obj))


def _of_method(obj: MethodType) -> Iterator[tuple[str, Any]]:
    yield ".__self__", obj.__self__
    yield ".__func__", obj.__func__


def _of_partial(obj: partial[Any]) -> Iterator[tuple[str, Any]]:
    yield ".func", obj.func
    yield ".args", obj.args
    yield ".keywords", obj.keywords


def _of_function(obj: FunctionType) -> Iterator[tuple[str, Any]]:
    code = obj.__code__
    for name, cell in zip(code.co_freevars, obj.__closure__ or (), strict=True):
        try:
            yield f".<closure {name!r}>", cell.cell_contents
        except ValueError:
            pass
    for name in code.co_names:
        if name in obj.__globals__:
            yield f".<global {name!r}>", obj.__globals__[name]
    yield ".__defaults__", obj.__defaults__
    yield ".__kwdefaults__", obj.__kwdefaults__


_ITEMS: Final[tuple[tuple[type, Callable[[Any], Iterator[tuple[str, Any]]]], ...]] = (
    (dict, _of_dict),
    (tuple, _of_tuple),
    (list, _of_list),
    (deque, _of_deque),
    (set, _of_set),
    (frozenset, _of_frozenset),
    (FunctionType, _of_function),
    (MethodType, _of_method),
    (partial, _of_partial),
)


def _attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    try:
        attributes = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        attributes = {}
    if issubclass(type(obj), type):
        attributes = type.__getattribute__(obj, "__dict__")
    for name, value in attributes.items():
        yield f".{name}", value
    for base in type(obj).__mro__:
        for name, member in vars(base).items():
            # The descriptor of a slot.
            if type(member).__name__ == "member_descriptor" and name[:2] != "__":
                try:
                    yield f".{name}", member.__get__(obj)
                except AttributeError:
                    pass

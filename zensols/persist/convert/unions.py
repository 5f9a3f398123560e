"""Which type of a union plain data is meant for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any

from ..error import PersistableError
from .fields import TYPE, VALUE, converted_fields
from .hints import plain_hint
from .path import Path, path_text

__all__ = ["read_union", "tagged"]

Reader = Callable[[Any, Any, Path], Any]
"""Turns plain data into a value of a type."""


def _name(hint: Any) -> str:
    hint = plain_hint(hint)
    return hint.__name__ if type(hint) is type else str(hint)


def tagged(plain: Any, hint: Any) -> dict[str, Any]:
    """Return plain data that tells its type.

    :param plain: the data

    :param hint: the type

    >>> tagged("2020-05-17", str)
    {'$type': 'str', '$value': '2020-05-17'}

    """
    if dataclasses.is_dataclass(plain_hint(hint)) and isinstance(plain, dict):
        return {TYPE: _name(hint), **plain}
    return {TYPE: _name(hint), VALUE: plain}


def read_union(data: Any, choices: tuple[Any, ...], path: Path, read: Reader) -> Any:
    """Return the value that plain data is: of the type that it tells or, if none, of
    the type that the data has itself, the dataclass whose fields it has, or the first
    type that it can be converted to.

    :param data: the data

    :param choices: the types of the union

    :param path: where the data is

    :param read: converts it to a type

    :raises PersistableError: if it fits none

    """
    if data is None and NoneType in choices:
        return None
    choices = tuple(choice for choice in choices if choice is not NoneType)
    if isinstance(data, Mapping) and isinstance(data.get(TYPE), str):
        for choice in choices:
            if _name(choice) == data[TYPE]:
                return read(data.get(VALUE, data), choice, path)
    best, errors = None, []
    for number, choice in enumerate(choices):
        try:
            value = read(data, choice, path)
        except PersistableError as e:
            errors.append(e)
            continue
        rank = _misfit(data, value), number
        if best is None or rank < best[0]:
            best = rank, value
    if best is not None:
        return best[1]
    if len(errors) == 1:
        raise errors[0]
    raise PersistableError(
        f"Can't convert {path_text(path)}: it is none of "
        f"{', '.join(map(_name, choices))} ({'; '.join(map(str, errors))})"
    )


def _misfit(data: Any, value: Any) -> int:
    """Return how much of the data a value doesn't have."""
    if isinstance(data, Mapping) and dataclasses.is_dataclass(value):
        cls: type = type(value)
        names = {field.name for field in converted_fields(cls)}
        return 1 + len(data.keys() - names)
    return 0 if type(value) is type(data) else 1

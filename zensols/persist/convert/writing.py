"""Dataclasses to plain data."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping
from pathlib import PurePath
from types import NoneType
from typing import Any, Final

from ..error import PersistableError
from .fields import converted_fields
from .hints import container, members, plain_hint
from .path import Path, at, conversion_error, path_text
from .reading import read
from .unions import tagged

__all__ = ["to_dict"]

_PLAIN: Final = frozenset((str, int, float, bool, NoneType))


def to_dict(obj: Any) -> Any:
    """Return the plain data that a dataclass's instance stands for: a dictionary of
    its fields, but for those with the metadata :data:`.exclude`.  All that is in it
    is converted, too, so that ``json.dumps`` takes it, and :func:`.from_dict` makes
    an equal instance of it.

    A value of a union, as in ``shape: Circle | Square``, has a member ``$type`` if
    one could not tell otherwise which type it has.

    Safe to call from any thread, as long as no other changes the instance.

    :param obj: the instance, or a list, dictionary, tuple or set of some

    :raises PersistableError: if something has no form in JSON; the text gives the
                              path to it

    >>> from dataclasses import dataclass, field
    >>> from zensols.persist.convert import exclude, to_dict
    >>> @dataclass
    ... class Point:
    ...     x: float
    ...     corner: tuple[int, int]
    ...     seen: int = field(default=0, metadata=exclude)
    >>> to_dict({"a": Point(1.5, (2, 3))})
    {'a': {'x': 1.5, 'corner': [2, 3]}}

    """
    try:
        return _write(obj, Any, ())
    except RecursionError:
        raise PersistableError(
            f"Can't convert {type(obj).__qualname__}: it is nested too deeply, or "
            "within itself"
        ) from None


def _write(value: Any, hint: Any, path: Path) -> Any:
    kind = type(value)
    hint = plain_hint(hint)
    if (choices := members(hint)) is not None:
        return _write_union(value, choices, hint, path)
    if kind in _PLAIN:
        return value
    if dataclasses.is_dataclass(kind):
        return {
            field.name: _write(
                getattr(value, field.name), field.hint, (*path, field.name)
            )
            for field in converted_fields(kind)
            if hasattr(value, field.name)
        }
    if isinstance(value, Mapping):
        return _write_dict(value, hint, path)
    if isinstance(value, list | tuple | set | frozenset | deque):
        return _write_items(value, hint, path)
    plain = _write_leaf(value, path)
    # What it is made of can have tuples in it, which JSON doesn't.
    return plain if type(plain) in _PLAIN else _write(plain, Any, path)


def _write_leaf(value: Any, path: Path) -> Any:
    from msgspec import to_builtins

    try:
        return to_builtins(value, str_keys=True, enc_hook=_write_other)
    except (TypeError, ValueError, NotImplementedError, OverflowError) as e:
        raise conversion_error(path, e) from e


def _write_other(value: Any) -> Any:
    if isinstance(value, PurePath):
        return str(value)
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain(value)
    raise TypeError(f"{type(value).__qualname__} has no form in JSON; exclude it")


def _write_dict(value: Mapping[Any, Any], hint: Any, path: Path) -> dict[str, Any]:
    held = container(hint)
    item = held[1][1] if held is not None and held[0] is dict else Any
    plain = {
        _write_key(key, path): _write(v, item, (*path, at(key)))
        for key, v in value.items()
    }
    if len(plain) != len(value):
        raise PersistableError(
            f"Can't convert {path_text(path)}: two of its keys are the same as text"
        )
    return plain


def _write_key(key: Any, path: Path) -> str:
    if type(key) is str:
        return key
    plain = _write_leaf({key: None}, path)
    text: str = next(iter(plain))
    return text


def _write_items(value: Any, hint: Any, path: Path) -> list[Any]:
    held = container(hint)
    hints = held[1] if held is not None and held[0] is not dict else (Any, ...)
    if held is None or held[0] is not tuple or hints[-1] is Ellipsis:
        return [_write(v, hints[0], (*path, at(n))) for n, v in enumerate(value)]
    if len(hints) != len(value):
        raise PersistableError(
            f"Can't convert {path_text(path)}: Expected {len(hints)} items, got "
            f"{len(value)}"
        )
    return [
        _write(v, item, (*path, at(n)))
        for n, (v, item) in enumerate(zip(value, hints, strict=True))
    ]


def _write_union(value: Any, choices: tuple[Any, ...], hint: Any, path: Path) -> Any:
    if value is None:
        return None
    choices = tuple(choice for choice in choices if choice is not NoneType)
    if len(choices) == 1:
        return _write(value, choices[0], path)
    for choice in choices:
        try:
            plain = _write(value, choice, path)
        except PersistableError:
            continue
        for form in (plain, tagged(plain, choice)):
            if _is_read_as(value, form, hint, path):
                return form
    # Such as a value that is not what its annotation says.
    return _write(value, Any, path)


def _is_read_as(value: Any, plain: Any, hint: Any, path: Path) -> bool:
    try:
        found = read(plain, hint, path)
    except PersistableError:
        return False
    return type(found) is type(value) and bool(found == value)

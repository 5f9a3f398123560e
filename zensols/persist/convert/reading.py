"""Plain data to dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, TypeVar, cast, get_origin, overload

from ..error import PersistableError
from .fields import converted_fields
from .hints import Container, container, members, needs_walk, plain_hint
from .path import Path, at, conversion_error, path_text
from .unions import read_union

__all__ = ["from_dict", "read"]

T = TypeVar("T")


@overload
def from_dict(cls: type[T], data: Any) -> T: ...
@overload
def from_dict(cls: Any, data: Any) -> Any: ...
def from_dict(cls: Any, data: Any) -> Any:
    """Return the instance of a dataclass that plain data stands for.

    Fields that are missing take their defaults, and what no field is called is
    ignored.  Anything may be nested: dataclasses, lists, dictionaries, sets and
    tuples of them, unions, and what msgspec converts, such as enums and dates.

    Safe to call from any thread.

    :param cls: the dataclass, or another type, such as ``list[Point]``

    :param data: a dictionary, such as :func:`.to_dict` returned

    :raises PersistableError: if something has the wrong type, is missing, or is
                              refused by the class; the text gives the path to it

    >>> from dataclasses import dataclass
    >>> from zensols.persist.convert import from_dict
    >>> @dataclass
    ... class Point:
    ...     x: float
    ...     y: float = 0.0
    >>> from_dict(Point, {"x": 1, "colour": "red"})
    Point(x=1.0, y=0.0)
    >>> from_dict(list[Point], [{"x": 1}, {"x": "left"}])
    Traceback (most recent call last):
    zensols.persist.error.PersistableError: Can't convert [1].x: Expected `float`, \
got `str`

    """
    try:
        return read(data, cls, ())
    except RecursionError:
        raise PersistableError(
            f"Can't convert to {cls}: the data is nested too deeply"
        ) from None


def read(data: Any, hint: Any, path: Path) -> Any:
    """Return the value of a type that plain data stands for.

    :param data: the data

    :param hint: the type

    :param path: where the data is

    :raises PersistableError: if it stands for none

    >>> read(["1"], list[int | str], ())
    ['1']

    """
    hint = plain_hint(hint)
    if (choices := members(hint)) is not None:
        return read_union(data, choices, path, read)
    origin = get_origin(hint) or hint
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        return _read_dataclass(data, origin, path)
    if needs_walk(hint) and (held := container(hint)) is not None:
        return _read_items(data, held, path)
    try:
        return _convert(data, hint, path)
    except PersistableError:
        if (held := container(hint)) is not None and held[1]:
            # Tells at which key, which msgspec doesn't.
            return _read_items(data, held, path)
        raise


def _convert(data: Any, hint: Any, path: Path) -> Any:
    from msgspec import convert

    try:
        return convert(data, hint, str_keys=True, dec_hook=_read_other)
    except (TypeError, ValueError) as e:
        raise conversion_error(path, e) from e


def _read_other(cls: type, data: Any) -> Any:
    if issubclass(cls, PurePath) and isinstance(data, str):
        return cls(data)
    if isinstance(data, cls):
        return data
    raise TypeError(f"Expected `{cls.__name__}`, got `{type(data).__name__}`")


def _expect(data: Any, kinds: tuple[type, ...], what: str, path: Path) -> None:
    if not isinstance(data, kinds):
        raise PersistableError(
            f"Can't convert {path_text(path)}: Expected {what}, got "
            f"`{type(data).__name__}`"
        )


def _read_dataclass(data: Any, cls: type, path: Path) -> Any:
    _expect(data, (Mapping,), f"a dictionary for {cls.__qualname__}", path)
    arguments: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for field in converted_fields(cls):
        if field.name in data:
            value = read(data[field.name], field.hint, (*path, field.name))
            (arguments if field.init else others)[field.name] = value
        elif field.required and field.init:
            raise PersistableError(
                f"Can't convert {path_text(path)}: {cls.__qualname__} needs a field "
                f"'{field.name}', which is missing"
            )
    made = _make(lambda: cls(**arguments), cls.__qualname__, path)
    for name, value in others.items():
        object.__setattr__(made, name, value)
    return made


def _make(make: Callable[[], Any], what: str, path: Path) -> Any:
    try:
        return make()
    except Exception as e:
        raise PersistableError(
            f"Can't convert {path_text(path)}: {what} refuses it: {e}"
        ) from e


def _read_items(data: Any, held: Container, path: Path) -> Any:
    kind, hints = held
    if kind is dict:
        _expect(data, (Mapping,), "a dictionary", path)
        return {
            _read_key(key, hints[0], path): read(item, hints[1], (*path, at(key)))
            for key, item in data.items()
        }
    _expect(data, (list, tuple, set, frozenset), "a list", path)
    if kind is tuple and not (len(hints) == 2 and hints[1] is Ellipsis):
        if len(data) != len(hints):
            raise PersistableError(
                f"Can't convert {path_text(path)}: Expected {len(hints)} items, got "
                f"{len(data)}"
            )
    else:
        hints = (hints[0],) * len(data)
    pairs = zip(data, hints, strict=True)
    items = [read(item, hint, (*path, at(n))) for n, (item, hint) in enumerate(pairs)]
    return _make(lambda: kind(cast("Any", items)), kind.__name__, path)


def _read_key(key: Any, hint: Any, path: Path) -> Any:
    if plain_hint(hint) is Any:
        return key
    # JSON's are text, from which msgspec makes numbers, enums and dates.
    return next(iter(_convert({key: None}, dict[hint, None], (*path, at(key)))))

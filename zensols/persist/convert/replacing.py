"""Plain data into collections and instances that are there already."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ..error import PersistableError
from .fields import converted_fields
from .hints import plain_hint
from .reading import from_dict, read

__all__ = ["replace_dataclass", "replace_dict", "replace_list", "replace_set"]

K = TypeVar("K")
T = TypeVar("T")


def replace_dict(target: dict[K, T], cls: type[T], data: Mapping[K, Any]) -> None:
    """Replace what is in a dictionary by instances of a dataclass.  The dictionary
    stays the same object, and as it is if something can't be converted.

    :param target: the dictionary

    :param cls: the dataclass

    :param data: what :func:`.from_dict` makes the values of, by their keys

    :raises PersistableError: if something can't be converted; the text gives the
                              path to it

    >>> from dataclasses import dataclass
    >>> from zensols.persist.convert import replace_dict
    >>> @dataclass
    ... class Point:
    ...     x: float
    >>> points = {"a": Point(1.0)}
    >>> replace_dict(points, Point, {"b": {"x": 2.0}})
    >>> points
    {'b': Point(x=2.0)}

    """
    items: dict[Any, T] = from_dict(dict[Any, cls], data)  # type: ignore[valid-type]
    target.clear()
    target.update(items)


def replace_list(target: list[T], cls: type[T], data: Iterable[Any]) -> None:
    """Replace what is in a list by instances of a dataclass.  The list stays the same
    object, and as it is if something can't be converted.

    :param target: the list

    :param cls: the dataclass

    :param data: what :func:`.from_dict` makes the items of

    :raises PersistableError: if something can't be converted; the text gives the
                              path to it

    >>> from dataclasses import dataclass
    >>> from zensols.persist.convert import replace_list
    >>> @dataclass
    ... class Point:
    ...     x: float
    >>> points = [Point(1.0)]
    >>> replace_list(points, Point, [{"x": 2.0}, {"x": 3.0}])
    >>> points
    [Point(x=2.0), Point(x=3.0)]

    """
    target[:] = from_dict(list[cls], data)  # type: ignore[valid-type]


def replace_set(target: set[T], cls: type[T], data: Iterable[Any]) -> None:
    """Replace what is in a set by instances of a dataclass, which has to be hashable.
    The set stays the same object, and as it is if something can't be converted.

    :param target: the set

    :param cls: the dataclass

    :param data: what :func:`.from_dict` makes the items of

    :raises PersistableError: if something can't be converted; the text gives the
                              path to it

    >>> from dataclasses import dataclass
    >>> from zensols.persist.convert import replace_set
    >>> @dataclass(frozen=True)
    ... class Point:
    ...     x: float
    >>> points = {Point(1.0)}
    >>> replace_set(points, Point, [{"x": 2.0}])
    >>> points
    {Point(x=2.0)}

    """
    items: set[T] = from_dict(set[cls], data)  # type: ignore[valid-type]
    target.clear()
    target.update(items)


def replace_dataclass(obj: Any, data: Mapping[str, Any]) -> None:
    """Give the fields of a dataclass's instance the values of a dictionary.  Fields
    that are not in it, and those excluded, keep theirs.  If something can't be
    converted, all do.

    :param obj: the instance

    :param data: values of fields, as :func:`.from_dict` takes them

    :raises PersistableError: if something can't be converted, the text giving the
                              path to it; or the class is no dataclass, or frozen

    >>> from dataclasses import dataclass
    >>> from zensols.persist.convert import replace_dataclass
    >>> @dataclass
    ... class Point:
    ...     x: float
    ...     y: float
    >>> point = Point(1.0, 2.0)
    >>> replace_dataclass(point, {"x": 3.0})
    >>> point
    Point(x=3.0, y=2.0)

    """
    cls = type(obj)
    if not dataclasses.is_dataclass(cls):
        raise PersistableError(f"Can't replace {cls.__qualname__}: it is no dataclass")
    if cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise PersistableError(
            f"Can't replace {cls.__qualname__}: it is frozen; use from_dict"
        )
    if not isinstance(data, Mapping):
        raise PersistableError(
            f"Can't convert the value: Expected a dictionary for {cls.__qualname__}, "
            f"got `{type(data).__name__}`"
        )
    values = {
        field.name: read(data[field.name], plain_hint(field.hint), (field.name,))
        for field in converted_fields(cls)
        if field.name in data
    }
    old = {name: getattr(obj, name) for name in values if hasattr(obj, name)}
    try:
        for name, value in values.items():
            setattr(obj, name, value)
    except Exception as e:
        # A property, or a __setattr__ that validates.
        for name, value in old.items():
            object.__setattr__(obj, name, value)
        raise PersistableError(f"Can't replace {cls.__qualname__}: {e}") from e

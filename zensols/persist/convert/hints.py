"""What the types of annotations are made of."""

from __future__ import annotations

import collections.abc
import dataclasses
import types
from functools import lru_cache
from typing import Annotated, Any, Final, NewType, Union, get_args, get_origin

__all__ = ["Container", "container", "members", "needs_walk", "plain_hint"]

_SEQUENCES: Final = {
    list: list,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Collection: list,
    collections.abc.Iterable: list,
    set: set,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
    frozenset: frozenset,
}

_MAPPINGS: Final = (dict, collections.abc.Mapping, collections.abc.MutableMapping)

Container = tuple[type, tuple[Any, ...]]
"""What holds items, and the types of these: of a dictionary that of its keys, too,
and of a tuple that of each, or of all and an Ellipsis."""


def plain_hint(hint: Any) -> Any:
    """Return a type without what is said of it beside.

    :param hint: as it is annotated

    >>> plain_hint(Annotated[int, "positive"])
    <class 'int'>

    """
    while True:
        if get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        elif isinstance(hint, NewType):
            hint = hint.__supertype__
        else:
            return hint


def members(hint: Any) -> tuple[Any, ...] | None:
    """Return the types of a union.

    :param hint: a plain one

    :return: None if it is none

    >>> members(int | None)
    (<class 'int'>, <class 'NoneType'>)

    """
    if get_origin(hint) in (Union, types.UnionType):
        return get_args(hint)
    return None


def container(hint: Any) -> Container | None:
    """Return what a type is that holds items.

    :param hint: a plain one

    :return: None if it holds none, or is not known

    >>> container(dict[str, int])
    (<class 'dict'>, (<class 'str'>, <class 'int'>))

    """
    origin, args = get_origin(hint) or hint, get_args(hint)
    if origin in _SEQUENCES:
        return _SEQUENCES[origin], args or (Any,)
    if origin in _MAPPINGS:
        return dict, args or (Any, Any)
    if origin is tuple:
        # That of the empty tuple has no arguments either, but is not the class.
        return tuple, args if args or hint is not tuple else (Any, ...)
    return None


def needs_walk(hint: Any) -> bool:
    """Return whether values of a type are converted here, part by part, since there
    are dataclasses or unions in it, rather than by msgspec as a whole.

    :param hint: any type

    >>> needs_walk(dict[str, list[int]]), needs_walk(int | str)
    (False, True)

    """
    hint = plain_hint(hint)
    try:
        return _needs_walk(hint)
    except TypeError:
        # It can't be hashed.
        return _needs_walk.__wrapped__(hint)


@lru_cache(maxsize=4096)
def _needs_walk(hint: Any) -> bool:
    if members(hint) is not None:
        return True
    if isinstance(get_origin(hint) or hint, type) and dataclasses.is_dataclass(
        get_origin(hint) or hint
    ):
        return True
    held = container(hint)
    return held is not None and any(needs_walk(item) for item in held[1])

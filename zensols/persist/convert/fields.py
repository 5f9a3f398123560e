"""The fields of dataclasses, as far as they are converted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from inspect import get_annotations
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, get_type_hints

from ..error import PersistableError

__all__ = ["TYPE", "VALUE", "ConvertedField", "converted_fields", "exclude"]

_EXCLUDED: Final = "zensols.persist.exclude"

exclude: Final[Mapping[str, bool]] = MappingProxyType({_EXCLUDED: True})
"""The metadata of a field that is not converted, ``field(metadata=exclude)``: it is
never written, and has its default when read.  Add it to other metadata with
``{**exclude, …}``."""

TYPE: Final = "$type"
"""The member that tells which type of a union a value has, where that is needed."""

VALUE: Final = "$value"
"""The member that has such a value, if its type isn't a dataclass."""


class ConvertedField(NamedTuple):
    """A field that is converted.

    >>> ConvertedField("x", float, init=True, required=True).name
    'x'

    """

    name: str
    hint: Any
    """Its type."""

    init: bool
    """Whether the constructor takes it."""

    required: bool
    """Whether it has no default."""


@lru_cache(maxsize=1024)
def converted_fields(cls: type) -> tuple[ConvertedField, ...]:
    """Return the fields of a dataclass that are converted.

    :param cls: the dataclass

    :raises PersistableError: if an annotation names something that isn't there, or
                              an excluded field has no default

    >>> @dataclasses.dataclass
    ... class Point:
    ...     x: float
    ...     seen: int = dataclasses.field(default=0, metadata=exclude)
    >>> [field.name for field in converted_fields(Point)]
    ['x']

    """
    found = []
    for field in dataclasses.fields(cls):
        required = (
            field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        )
        if not field.metadata.get(_EXCLUDED):
            hint = _hint(cls, field.name)
            found.append(ConvertedField(field.name, hint, field.init, required))
        elif required and field.init:
            raise PersistableError(
                f"Can't convert {cls.__qualname__}, since its field '{field.name}' is "
                "excluded but has no default: give it one"
            )
    return tuple(found)


def _hint(cls: type, name: str) -> Any:
    owner = next(c for c in cls.__mro__ if name in get_annotations(c))
    # Without the others, since what they name may be there for type checkers only.
    alone = {
        "__annotations__": {name: get_annotations(owner)[name]},
        "__module__": owner.__module__,
    }
    try:
        hint = get_type_hints(type(owner.__name__, (), alone), include_extras=True)[
            name
        ]
    except NameError as e:
        raise PersistableError(
            f"Can't convert {cls.__qualname__}, since the annotation of its field "
            f"'{name}' can't be resolved: {e}; define what it names in the module"
        ) from e
    return hint.__bound__ or Any if isinstance(hint, TypeVar) else hint

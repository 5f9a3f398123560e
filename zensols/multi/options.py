"""Options that a class may set for its objects."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

__all__ = ["leave_to_class", "not_given", "take_from_class"]


class _NotGiven:
    def __init__(self, default: Any) -> None:
        self._default = default

    def __repr__(self) -> str:
        return repr(self._default)


def not_given(default: Any) -> Any:
    """Return what stands for an option that is not given, and looks in a signature
    like its default.

    :param default: the default

    >>> not_given(0)
    0
    >>> not_given(0) == 0
    False

    """
    return _NotGiven(default)


def leave_to_class(cls: type[Any]) -> None:
    """Have the keyword-only fields of a dataclass that are not given be what the
    object's class has as attributes of these names: the defaults, unless a subclass
    sets them, which need not be a dataclass, nor annotate them.

    That counts for dataclasses derived from this one, which has a constructor
    already.  Its ``__post_init__`` has to call :func:`take_from_class`.

    :param cls: the dataclass

    >>> from dataclasses import dataclass, field
    >>> @dataclass(init=False)
    ... class Base:
    ...     size: int = field(default=1, kw_only=True)
    ...     def __post_init__(self):
    ...         take_from_class(self)
    >>> leave_to_class(Base)
    >>> @dataclass
    ... class Large(Base):
    ...     size = 100
    >>> Large(), Large(size=1)
    (Large(size=100), Large(size=1))

    """
    option: Field[Any]
    for option in fields(cls):
        if option.kw_only:
            option.default = not_given(option.default)


def take_from_class(an_object: Any) -> None:
    """Take what was not given from the object's class.

    :param an_object: the object

    """
    state = vars(an_object)
    for name in [n for n, value in state.items() if isinstance(value, _NotGiven)]:
        del state[name]

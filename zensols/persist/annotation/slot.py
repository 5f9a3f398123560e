"""Attributes of an object itself, as opposed to those that it forwards to
another one.

"""

from __future__ import annotations

from collections.abc import Iterator
from types import MemberDescriptorType
from typing import Any

from ..missing import MISSING

__all__ = ["attributes", "is_plain", "members", "read", "remove", "write"]


def read(owner: Any, name: str) -> Any:
    """Return an attribute of an object or its class.  What only ``__getattr__``
    finds belongs to another object, and is left alone, unless the class keeps
    its attributes in a place of its own, as torch modules do.

    :param owner: the object

    :param name: the attribute

    :return: its value or :data:`.MISSING`

    >>> from zensols.persist.annotation.slot import read
    >>> class Proxy:
    ...     def __getattr__(self, name):
    ...         return f"the {name} of somebody else"
    >>> Proxy().color
    'the color of somebody else'
    >>> read(Proxy(), "color")
    MISSING

    """
    cls: Any = type(owner)
    if not hasattr(cls, "__getattr__") or any(
        "__getattr__" in base.__dict__ and "__setattr__" in base.__dict__
        for base in cls.__mro__
    ):
        return getattr(owner, name, MISSING)
    try:
        return cls.__getattribute__(owner, name)
    except AttributeError:
        return MISSING


def write(owner: Any, name: str, value: Any) -> bool:
    """Set an attribute of an object, also where the object is frozen.

    :param owner: the object

    :param name: the attribute

    :param value: its value

    :return: whether the object can hold it; false for one with ``__slots__``
             that has none for it

    """
    try:
        setattr(owner, name, value)
    except (AttributeError, TypeError, ValueError):
        try:
            object.__setattr__(owner, name, value)
        except (AttributeError, TypeError):
            return False
    return True


def remove(owner: Any, name: str) -> None:
    """Delete an attribute of an object, if it has it, also where the object is
    frozen.

    :param owner: the object

    :param name: the attribute

    """
    if read(owner, name) is MISSING:
        return
    try:
        delattr(owner, name)
    except (AttributeError, TypeError, ValueError):
        try:
            object.__delattr__(owner, name)
        except (AttributeError, TypeError):
            pass


def is_plain(owner: Any, name: str) -> bool:
    """Return whether an attribute is in the object's dictionary, where nothing
    but setting it changes it.

    :param owner: the object

    :param name: the attribute

    """
    cls: Any = type(owner)
    if cls.__setattr__ is object.__setattr__ and cls.__dictoffset__:
        # Told without the dictionary, since to ask for that makes all attributes
        # of the object slower to read for ever (CPython 3.11 and 3.12).
        return not hasattr(cls, name)
    return name in getattr(owner, "__dict__", ())


def members(cls: type) -> Iterator[tuple[str, MemberDescriptorType]]:
    """Yield the names of a class's ``__slots__``, inherited ones included, and
    what gets and sets them.

    :param cls: the class

    """
    for base in cls.__mro__:
        if "__slots__" in base.__dict__:
            for name, member in tuple(base.__dict__.items()):
                if isinstance(member, MemberDescriptorType):
                    yield name, member


def attributes(owner: Any) -> dict[str, Any]:
    """Return the attributes in an object's dictionary and slots.

    :param owner: the object

    """
    found = dict(getattr(owner, "__dict__", ()))
    for name, member in members(type(owner)):
        try:
            found.setdefault(name, member.__get__(owner))
        except AttributeError:
            pass
    return found

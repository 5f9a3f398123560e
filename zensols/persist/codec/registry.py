"""The classes that a user lets JSON hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..error import ClassNotFoundError, PersistableError
from .dataclass import dataclass_reader, dataclass_writer
from .model import is_model, model_reader, write_model
from .struct import is_struct, struct_reader, struct_writer
from .tags import Refused

if TYPE_CHECKING:
    from .reading import Reading

__all__ = ["Registered", "can_register", "register"]

_SIMPLE: Final = (str, bytes, int, float, complex, tuple)


class Registered(NamedTuple):
    """How the instances of a registered class are written."""

    name: str
    """The module and qualified name."""

    kind: type
    """The class; not its subclasses."""

    write: Callable[[Any], Any]
    """Returns simpler data for an instance."""

    read: Callable[[Any, Reading], Any]
    """Returns an instance from that data."""


def register(types: Iterable[type]) -> dict[str, Registered]:
    """Return how each of a number of classes is written, by name.

    :param types: dataclasses, structs, models, Enums and subclasses of simple types

    :raises PersistableError: if a class is none of these, or two have the same
                              name

    """
    found: dict[str, Registered] = {}
    for kind in types:
        entry = _register(kind)
        if found.setdefault(entry.name, entry).kind is not kind:
            raise PersistableError(
                f"Two classes are called {entry.name}: register one of them"
            )
    return found


def can_register(kind: type) -> bool:
    """Return whether a class is of a sort that can be registered.

    :param kind: any class

    """
    return (
        issubclass(kind, Enum)
        or is_dataclass(kind)
        or is_struct(kind)
        or is_model(kind)
        or (issubclass(kind, _SIMPLE) and kind not in _SIMPLE)
    )


def _register(kind: type) -> Registered:
    name = f"{kind.__module__}.{kind.__qualname__}"
    if issubclass(kind, Enum):
        return Registered(name, kind, _write_member, _member_reader(kind, name))
    if is_dataclass(kind):
        return Registered(
            name, kind, dataclass_writer(kind), dataclass_reader(kind, name)
        )
    if is_struct(kind):
        return Registered(name, kind, struct_writer(kind), struct_reader(kind, name))
    if is_model(kind):
        return Registered(name, kind, write_model, model_reader(kind, name))
    for base in _SIMPLE:
        if issubclass(kind, base) and kind is not base:
            return Registered(
                name, kind, _value_writer(base), _value_reader(kind, base)
            )
    raise PersistableError(
        f"Can't register {name}: expecting dataclasses, msgspec Structs, pydantic "
        f"models, Enums, and subclasses of "
        f"{', '.join(base.__name__ for base in _SIMPLE)}"
    )


def _write_member(member: Enum) -> Any:
    return member.value if isinstance(member, Flag) else member.name


def _member_reader(kind: type[Enum], name: str) -> Callable[[Any, Reading], Any]:
    def read(data: Any, reading: Reading) -> Any:
        try:
            return kind(data) if issubclass(kind, Flag) else kind[data]
        except LookupError as error:
            raise ClassNotFoundError(
                f"Enum {name} has no member {data!r}, which is in {reading.source}"
            ) from error

    return read


def _value_writer(base: Any) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        if getattr(value, "__dict__", None):
            raise Refused(
                value, f"it has attributes besides what it is as a {base.__name__}"
            )
        return base.__getnewargs__(value)[0]

    return write


def _value_reader(kind: Any, base: Any) -> Callable[[Any, Reading], Any]:
    def read(data: Any, _reading: Reading) -> Any:
        if type(data) is not base:
            raise TypeError(f"expecting {base.__name__}, not {type(data).__name__}")
        return base.__new__(kind, data)

    return read

"""The classes that a user lets JSON hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum, Flag
from typing import Any, Final, NamedTuple

from ..error import ClassNotFoundError, PersistableError
from .tags import Refused

__all__ = ["Registered", "register"]

_SIMPLE: Final = (str, bytes, int, float, complex, tuple)


class Registered(NamedTuple):
    """How the instances of a registered class are written."""

    name: str
    """The module and qualified name."""

    kind: type
    """The class; not its subclasses."""

    write: Callable[[Any], Any]
    """Returns simpler data for an instance."""

    read: Callable[[Any], Any]
    """Returns an instance from that data."""


def register(types: Iterable[type]) -> dict[str, Registered]:
    """Return how each of a number of classes is written, by name.

    :param types: dataclasses, Enums and subclasses of simple types

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


def _register(kind: type) -> Registered:
    name = f"{kind.__module__}.{kind.__qualname__}"
    if issubclass(kind, Enum):
        return Registered(name, kind, _write_member, _member_reader(kind, name))
    if is_dataclass(kind):
        try:
            object.__new__(kind)
        except TypeError as error:
            raise PersistableError(
                f"Can't store the dataclass {name} as JSON: {error}"
            ) from error
        write, read = _state_writer(kind), _state_reader(kind, name)
        return Registered(name, kind, write, read)
    for base in _SIMPLE:
        if issubclass(kind, base) and kind is not base:
            return Registered(
                name, kind, _value_writer(base), _value_reader(kind, base)
            )
    raise PersistableError(
        f"Can't register {name}: expecting dataclasses, Enums, and subclasses of "
        f"{', '.join(base.__name__ for base in _SIMPLE)}"
    )


def _write_member(member: Enum) -> Any:
    return member.value if isinstance(member, Flag) else member.name


def _member_reader(kind: type[Enum], name: str) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        try:
            return kind(data) if issubclass(kind, Flag) else kind[data]
        except LookupError as error:
            raise ClassNotFoundError(f"Enum {name} has no member {data!r}") from error

    return read


def _state_writer(kind: type) -> Callable[[Any], Any]:
    names = [field.name for field in fields(kind)]

    def write(value: Any) -> dict[str, Any]:
        state = {name: getattr(value, name) for name in names if hasattr(value, name)}
        return state | getattr(value, "__dict__", {})

    return write


def _state_reader(kind: type, name: str) -> Callable[[Any], Any]:
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}

    def read(state: Any) -> Any:
        value: Any = object.__new__(kind)
        for attribute, item in state.items():
            if attribute.startswith("__"):
                raise ValueError(f"attribute {attribute!r}")
            # As a frozen dataclass sets its own attributes.
            object.__setattr__(value, attribute, item)
        for attribute in known.keys() - state.keys():
            _set_default(value, known[attribute], name)
        return value

    return read


def _set_default(value: Any, field: Field[Any], name: str) -> None:
    if field.default is not MISSING:
        object.__setattr__(value, field.name, field.default)
    elif field.default_factory is not MISSING:
        object.__setattr__(value, field.name, field.default_factory())
    elif field.init:
        raise PersistableError(
            f"The stored {name} has no {field.name!r}: give the field a default"
        )


def _value_writer(base: Any) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        if getattr(value, "__dict__", None):
            raise Refused(
                value, f"it has attributes besides what it is as a {base.__name__}"
            )
        return base.__getnewargs__(value)[0]

    return write


def _value_reader(kind: Any, base: Any) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        if type(data) is not base:
            raise TypeError(f"expecting {base.__name__}, not {type(data).__name__}")
        return base.__new__(kind, data)

    return read

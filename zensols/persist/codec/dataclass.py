"""How instances of dataclasses are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any

from ..error import PersistableError

if TYPE_CHECKING:
    from .reading import Reading

__all__ = ["dataclass_reader", "dataclass_writer"]


def dataclass_writer(kind: Any) -> Callable[[Any], dict[str, Any]]:
    """Return what gives the attributes of an instance, by name.

    :param kind: the dataclass

    """
    names = [field.name for field in fields(kind)]

    def write(value: Any) -> dict[str, Any]:
        state = {name: getattr(value, name) for name in names if hasattr(value, name)}
        return state | getattr(value, "__dict__", {})

    return write


def dataclass_reader(kind: Any, name: str) -> Callable[[Any, Reading], Any]:
    """Return what makes an instance of its attributes; no constructor runs.

    :param kind: the dataclass

    :param name: its name in errors

    :raises PersistableError: if there can't be instances

    """
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}
    try:
        object.__new__(kind)
    except TypeError as error:
        raise PersistableError(
            f"Can't store the dataclass {name} as JSON: {error}"
        ) from error

    def read(state: Any, reading: Reading) -> Any:
        value: Any = object.__new__(kind)
        unknown: dict[str, Any] = {}
        for attribute, item in state.items():
            if attribute in known:
                # As a frozen dataclass sets its own attributes.
                object.__setattr__(value, attribute, item)
            else:
                unknown[attribute] = item
        for attribute, field in known.items():
            if attribute not in state and not _set_default(value, field):
                raise reading.lack(name, attribute)
        reading.keep(value, name, unknown)
        return value

    return read


def _set_default(value: Any, field: Field[Any]) -> bool:
    if field.default is not MISSING:
        object.__setattr__(value, field.name, field.default)
    elif field.default_factory is not MISSING:
        object.__setattr__(value, field.name, field.default_factory())
    else:
        return not field.init
    return True

"""How instances of pydantic's models are written."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .reading import Reading

__all__ = ["is_model", "model_reader", "write_model"]

_UNSET: Final = "__unset__"
"""Holds the names of the fields that nobody set, which pydantic tells apart."""


def is_model(kind: type) -> bool:
    """Return whether a class is one of pydantic's models.

    :param kind: any class

    """
    if not hasattr(kind, "model_fields"):
        return False
    from pydantic import BaseModel

    return issubclass(kind, BaseModel)


def write_model(value: Any) -> dict[str, Any]:
    """Return the attributes of an instance by name: fields, extra ones and private.

    :param value: an instance of a model

    """
    kind, extra = type(value), value.__pydantic_extra__ or {}
    state = {n: v for n, v in vars(value).items() if not _is_cached(kind, n)}
    state |= extra
    state |= value.__pydantic_private__ or {}
    unset = {*kind.model_fields, *extra} - value.__pydantic_fields_set__
    if unset:
        state[_UNSET] = sorted(unset)
    return state


def _is_cached(kind: type, name: str) -> bool:
    return isinstance(getattr(kind, name, None), cached_property)


def model_reader(kind: Any, name: str) -> Callable[[Any, Reading], Any]:
    """Return what makes an instance of its attributes; nothing is validated, as when
    a pickle is read.

    :param kind: the model

    :param name: its name in errors

    """
    from pydantic import BaseModel

    takes_extra = kind.model_config.get("extra") == "allow"

    def read(state: Any, reading: Reading) -> Any:
        rest = {**state}
        unset = set(rest.pop(_UNSET, ()))
        values: dict[str, Any] = {}
        for field, info in kind.model_fields.items():
            if field in rest:
                values[field] = rest.pop(field)
                continue
            if info.is_required():
                raise reading.lack(name, field)
            unset.add(field)
            values[field] = _default(info, values)
        private = _take_private(kind, rest, values)
        extra = None
        if takes_extra:
            extra = {n: rest.pop(n) for n in list(rest) if not n.startswith("_")}
        value = kind.__new__(kind)
        BaseModel.__setstate__(
            value,
            {
                "__dict__": values,
                "__pydantic_extra__": extra,
                "__pydantic_fields_set__": {*values, *(extra or ())} - unset,
                "__pydantic_private__": private,
            },
        )
        reading.keep(value, name, rest)
        return value

    return read


def _take_private(
    kind: Any, rest: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any] | None:
    from pydantic_core import PydanticUndefined

    if not kind.__private_attributes__:
        return None
    private: dict[str, Any] = {}
    for name, info in kind.__private_attributes__.items():
        if name in rest:
            private[name] = rest.pop(name)
        elif (item := _default(info, values | private)) is not PydanticUndefined:
            private[name] = item
    return private


def _default(info: Any, values: dict[str, Any]) -> Any:
    # What get_default() takes differs between pydantic's releases.
    factory = info.default_factory
    if factory is None:
        return info.get_default()
    takes_values = getattr(info, "default_factory_takes_validated_data", False)
    return factory(values) if takes_values else factory()

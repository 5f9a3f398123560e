"""What was stored of objects and their classes have no place for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["Kept"]

Fields = dict[str, Any]


class Kept:
    """Fields that a newer release gave to objects whose classes have neither these
    fields nor a ``__dict__`` here, so that they can be stored again with the objects.

    Objects are told by their identity: a copy of one has no such fields, unless it is
    copied or pickled together with this.

    For one thread while it is added to.

    >>> from types import SimpleNamespace
    >>> point = SimpleNamespace(x=1)
    >>> kept = Kept([(point, {"color": "red"})])
    >>> kept.of(point), kept.of(SimpleNamespace(x=1))
    ({'color': 'red'}, {})

    """

    __slots__ = ("_fields",)

    def __init__(self, pairs: Iterable[tuple[Any, Fields]] = ()) -> None:
        """
        :param pairs: objects, each with its fields

        """
        # With the object, so that no other one gets its identity.
        self._fields = {id(value): (value, fields) for value, fields in pairs}

    def __bool__(self) -> bool:
        return bool(self._fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (list(self._fields.values()),)

    def __or__(self, other: Kept) -> Kept:
        if not other:
            return self
        return Kept([*self._fields.values(), *other._fields.values()])

    def add(self, value: Any, fields: Fields) -> None:
        """Keep fields of an object.

        :param value: the object

        :param fields: the values that its class has no place for, by name

        """
        self._fields[id(value)] = value, fields

    def of(self, value: Any) -> Fields:
        """Return the fields that are kept of an object.

        :param value: the object

        """
        found = self._fields.get(id(value))
        return found[1] if found is not None else {}

"""Putting an object back to what it was."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

__all__ = ["Snapshot"]

_ATOMS: Final = (str, bytes, int, float, complex, type, type(None))

_Restore = Callable[[], None]


class Snapshot:
    """What an object holds, down to what is in the lists, dictionaries, sets and
    arrays in it, the instances of data classes (of dataclasses, attrs, msgspec and
    pydantic), and those of classes defined in the same package as its own.

    Putting it back leaves all of these the same objects, so that others who hold
    them see it too.  What other objects have in them, such as sockets or widgets, is
    not looked into.

    Not safe to use while other threads change the object.

    >>> from types import SimpleNamespace
    >>> from zensols.persist.module.rollback import Snapshot
    >>> points = [1, 2]
    >>> thing = SimpleNamespace(points=points)
    >>> snapshot = Snapshot(thing)
    >>> points.clear()
    >>> thing.name = "new"
    >>> snapshot.put_back()
    >>> thing, thing.points is points
    (namespace(points=[1, 2]), True)

    """

    def __init__(self, thing: object, leave: Callable[[object], bool] | None = None):
        """
        :param thing: the object

        :param leave: tells of objects within it that are not looked into

        """
        self._packages = {_package(cls) for cls in type(thing).__mro__} - {
            "builtins",
            "zensols",
        }
        self._leave = leave
        self._seen: dict[int, object] = {}
        self._restores: list[_Restore] = []
        self._waiting: list[object] = []
        self._add_instance(thing)
        self._seen[id(thing)] = thing
        while self._waiting:
            self._add(self._waiting.pop())

    def put_back(self) -> None:
        """Make the object what it was."""
        for restore in self._restores:
            restore()

    def _add(self, value: object) -> None:
        if isinstance(value, _ATOMS) or id(value) in self._seen:
            return
        # Held, so that no other object gets its identity.
        self._seen[id(value)] = value
        match value:
            case dict():
                self._add_dict(value)
            case list() | deque() | bytearray():
                self._add_sequence(value)
            case set():
                self._add_set(value)
            case tuple() | frozenset():
                self._waiting.extend(value)
            case _ if hasattr(value, "__array__") and hasattr(value, "copy"):
                self._add_array(value)
        if self._is_looked_into(value):
            self._add_instance(value)

    def _is_looked_into(self, value: object) -> bool:
        if self._leave is not None and self._leave(value):
            return False
        cls = type(value)
        return (
            dataclasses.is_dataclass(cls)
            or hasattr(cls, "__attrs_attrs__")
            or hasattr(cls, "__struct_fields__")
            or hasattr(cls, "__pydantic_fields__")
            or _package(cls) in self._packages
        )

    def _add_dict(self, value: dict[Any, Any]) -> None:
        old = dict(value)
        self._waiting.extend(old)
        self._waiting.extend(old.values())

        def restore() -> None:
            if not _is_same(value, old) or not _is_same(value.values(), old.values()):
                value.clear()
                value.update(old)

        self._restores.append(restore)

    def _add_sequence(self, value: list[Any] | deque[Any] | bytearray) -> None:
        old = list(value)
        self._waiting.extend(old)

        def restore() -> None:
            if not _is_same(value, old):
                value.clear()
                value.extend(old)

        self._restores.append(restore)

    def _add_set(self, value: set[Any]) -> None:
        old = set(value)
        self._waiting.extend(old)

        def restore() -> None:
            if {id(item) for item in value} != {id(item) for item in old}:
                value.clear()
                value.update(old)

        self._restores.append(restore)

    def _add_array(self, value: Any) -> None:
        old = value.copy()

        def restore() -> None:
            value[...] = old

        if getattr(getattr(value, "flags", None), "writeable", False):
            self._restores.append(restore)

    def _add_instance(self, value: object) -> None:
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict):
            # The dictionary itself, so that no __setattr__ has to agree.
            self._add_dict(attributes)
        # Whatever __setattr__ the class has, unless msgspec made it.
        is_struct = hasattr(type(value), "__struct_fields__")
        put = setattr if is_struct else object.__setattr__
        slots = {name: getattr(value, name) for name in _slots(type(value), value)}
        if slots:
            self._waiting.extend(slots.values())

            def restore() -> None:
                for name in _slots(type(value), value):
                    if name not in slots:
                        object.__delattr__(value, name)
                for name, old in slots.items():
                    if getattr(value, name, old) is not old or not hasattr(value, name):
                        put(value, name, old)

            self._restores.append(restore)


def _package(cls: type) -> str:
    return cls.__module__.partition(".")[0]


def _slots(cls: type, value: object) -> list[str]:
    """Return the slots of an instance that are set."""
    names = []
    for base in cls.__mro__:
        own = base.__dict__.get("__slots__", ())
        own = (own,) if isinstance(own, str) else own
        names += [n for n in own if n not in ("__dict__", "__weakref__")]
    fields = getattr(cls, "__struct_fields__", ())
    return [name for name in {*names, *fields} if hasattr(value, name)]


def _is_same(some: Iterable[Any], others: Iterable[Any]) -> bool:
    return list(map(id, some)) == list(map(id, others))

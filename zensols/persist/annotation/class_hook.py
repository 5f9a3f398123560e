"""What decorated methods need of their class, when it is created.

A function neither learns its class nor its name in it: only a class's attributes
do, by ``__set_name__``, and a function under ``property`` isn't one.  Therefore
the decorator puts one object into the namespace of the class, which learns of it
on behalf of all methods.

"""

from __future__ import annotations

from functools import partial
from types import FrameType, FunctionType
from typing import Any

from ..error import PersistableError
from ..missing import MISSING
from .copying import shallow_copy
from .definition import HOOK_NAME, Definition
from .lookup import take_over
from .wrapper import guard

__all__ = ["ClassHook", "register"]


class ClassHook:
    """Knows the decorated methods of a class.  It stays in the class, so that
    what is made of it again, as ``dataclass(slots=True)`` does, is seen too.

    """

    def __init__(self) -> None:
        self.definitions: dict[str, Definition] = {}
        """What the decorators of the methods were told, by the attribute that
        holds the work."""
        self._unguarded: list[tuple[FunctionType, str]] = []

    def add(self, definition: Definition, unguarded: FunctionType | None) -> None:
        """Add a method.

        :param definition: what its decorator was told

        :param unguarded: the decorated function, if it doesn't check whose work it
                          finds

        """
        self.definitions[definition.name] = definition
        if unguarded is not None:
            self._unguarded.append((unguarded, definition.name))

    def __set_name__(self, cls: type, name: str) -> None:
        self._check(cls)
        # A copy would go on writing to the original.
        if not hasattr(cls, "__copy__"):
            cls.__copy__ = _copy  # type: ignore[attr-defined]
        if "__init_subclass__" not in cls.__dict__:
            cls.__init_subclass__ = _SubclassWatch()  # type: ignore[assignment]
        _guard_forwarder(cls)

    def _check(self, cls: type) -> None:
        for name in self.definitions:
            if not cls.__dictoffset__ and getattr(cls, name, MISSING) is MISSING:
                raise PersistableError(
                    f"Class {cls.__qualname__} has __slots__, and none of them to "
                    f"hold the work {name}: add '{name}' (to a dataclass, a field: "
                    f"'{name}: PersistedWork = field(init=False, repr=False, "
                    "compare=False)')"
                )

    def guard(self) -> None:
        """Have the methods check whose work they find."""
        while self._unguarded:
            guard(*self._unguarded.pop())


class _SubclassWatch:
    """Stands in as ``__init_subclass__``, as any subclass may be the first to
    forward attributes.

    """

    def __get__(self, obj: object, cls: type) -> Any:
        return partial(self._created, cls)

    def _created(self, cls: Any, **kwargs: Any) -> None:
        # Not known before, since a class can be made again with this in it.
        home: Any = next(
            c for c in cls.__mro__ if c.__dict__.get("__init_subclass__") is self
        )
        super(home, cls).__init_subclass__(**kwargs)
        _guard_forwarder(cls)


def _guard_forwarder(cls: type) -> None:
    # What such an object doesn't have, it may find in another one.
    if any("__getattr__" in base.__dict__ for base in cls.__mro__):
        for base in cls.__mro__:
            hook = base.__dict__.get(HOOK_NAME)
            if hook is not None:
                hook.guard()


def _copy(self: Any) -> Any:
    clone = shallow_copy(self)
    take_over(clone)
    return clone


def register(
    frame: FrameType, definition: Definition, unguarded: FunctionType | None
) -> None:
    """Tell a class of a decorated method.

    :param frame: where the method is being decorated; if not in the body of a
                  class, there is nothing to tell

    :param definition: what the decorator was told

    :param unguarded: the decorated function, if it doesn't check whose work it finds

    """
    namespace = frame.f_locals
    if "__module__" in namespace and "__qualname__" in namespace:
        hook = namespace.get(HOOK_NAME)
        if hook is None:
            hook = namespace[HOOK_NAME] = ClassHook()
        hook.add(definition, unguarded)

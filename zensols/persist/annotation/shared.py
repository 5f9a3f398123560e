"""Values that all instances of a class have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from ..missing import MISSING
from .lock import ThreadLock

if TYPE_CHECKING:
    from .memory import WorkMemory
    from .single_flight import Flight

__all__ = ["SharedValue", "shared_value"]


class SharedValue:
    """A value that the works of several owners share.  Hold its lock (see
    :func:`.locked`) to change it.

    """

    __slots__ = (
        "__weakref__",
        "_name",
        "_users",
        "flight",
        "generation",
        "lock",
        "value",
    )

    def __init__(self, name: str) -> None:
        """
        :param name: what to call it

        """
        self._name = name
        self.lock = ThreadLock()
        self._users: WeakSet[WorkMemory] = WeakSet()
        self.value: Any = MISSING
        self.generation = 0
        """Counts how often the value was given up, so that what an owner got
        with an earlier one is known to be stale."""
        self.flight: Flight | None = None
        """The computation under way, of an asynchronous method."""

    def recall(self, work: WorkMemory, own: Any) -> tuple[Any, bool]:
        """Return the value for a work and whether the work may keep it at hand.

        :param work: counted as a user

        :param own: what its owner was restored with, or had before it shared: its
                    value until the shared one that was there then is given up

        """
        if own is not MISSING:
            if work._generation is None:
                work._generation = self.generation
            if work._generation == self.generation and self.value is not MISSING:
                return own, False
            if work._generation == self.generation:
                self.publish(own, work)
            work._forget()
        if self.value is not MISSING:
            self._users.add(work)
        return self.value, True

    def publish(self, value: Any, work: WorkMemory) -> None:
        """Replace the value.

        :param value: the new one

        :param work: counted as a user

        """
        self.clear()
        self.value = value
        self._users.add(work)

    def clear(self) -> None:
        """Give up the value, if there is one."""
        if self.value is MISSING:
            return
        self.value = MISSING
        self.generation += 1
        for work in self._users:
            work._drop_at_hand()
        self._users.clear()

    def leave(self, work: WorkMemory) -> Any:
        """Count a work as a user no longer.

        :param work: the work

        :return: the value if that was its last user, which then has to
                 deallocate it; else :data:`.MISSING`

        """
        if work not in self._users:
            return MISSING
        self._users.discard(work)
        if self._users:
            return MISSING
        value = self.value
        self.clear()
        return value

    def __str__(self) -> str:
        return self._name


_guard = ThreadLock()
_values: WeakKeyDictionary[type, dict[str, SharedValue]] = WeakKeyDictionary()


def shared_value(cls: type, name: str) -> SharedValue:
    """Return the value shared by the instances of a class.  It is kept by the
    class itself and not its name, which local classes can have in common, and
    goes when the class goes.

    :param cls: the owners' class

    :param name: tells the values of a class apart

    """
    with _guard.get():
        values = _values.setdefault(cls, {})
        value = values.get(name)
        if value is None:
            value = values[name] = SharedValue(name)
    return value

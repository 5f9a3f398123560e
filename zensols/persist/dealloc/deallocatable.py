"""An object that frees what it holds when told to."""

from __future__ import annotations

import sys
import threading
from abc import ABC
from collections.abc import Iterable
from typing import ClassVar

from ..error import APIError

__all__ = ["Deallocatable"]


class _Active(threading.local):
    """The ids of the objects that a thread is deallocating, since what they hold
    can lead back to them.

    """

    def __init__(self) -> None:
        self.ids: set[int] = set()


_active = _Active()


class Deallocatable(ABC):  # noqa: B024 - its metaclass is what clients combine with
    """An object that frees its resources in :meth:`deallocate`.

    While :attr:`ALLOCATION_TRACKING` is set, instances are recorded when created
    and dropped from the record when deallocated, so that those never freed can
    be found.  A subclass need not call the constructor; its instances then are
    not recorded.

    The record is shared by all threads of a process and safe to use from them.
    Deallocate one object in one thread at a time.

    >>> from zensols.persist.dealloc import Deallocatable, dealloc
    >>> class Model(Deallocatable):
    ...     def deallocate(self):
    ...         super().deallocate()
    ...         print("freed")
    >>> with dealloc(Model()) as model:
    ...     print("in use")
    in use
    freed

    """

    PRINT_TRACE: ClassVar[bool] = False
    """Whether to write the stack to the standard error on each deallocation."""

    ALLOCATION_TRACKING: ClassVar[bool] = False
    """Whether to record what is created."""

    _ALLOCATIONS: ClassVar[dict[int, tuple[Deallocatable, str]]] = {}
    _RECURSIVE: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        if self.ALLOCATION_TRACKING:
            from traceback import format_stack

            stack = "".join(format_stack())
            self._ALLOCATIONS[id(self)] = (self, stack)

    def deallocate(self) -> None:
        """Free what this object holds.  A second call does nothing more.

        Subclasses extend this and call ``super().deallocate()``.

        """
        if self.PRINT_TRACE:
            from traceback import print_stack

            print_stack()
        self._mark_deallocated()

    def _mark_deallocated(self, obj: int | None = None) -> None:
        """Drop an object from the record, where it is in it.

        :param obj: the object's :func:`id`; by default this object's

        """
        self._ALLOCATIONS.pop(id(self) if obj is None else obj, None)

    @staticmethod
    def _try_deallocate(obj: object, recursive: bool = False) -> bool:
        """Deallocate an object if it is one that can be.

        :param obj: any object

        :param recursive: whether to go through the items of tuples, lists and
                          sets and the values of dictionaries too, as is always
                          done inside :class:`dealloc_recursive`

        :return: whether the object is a :class:`Deallocatable`, or a container
                 that was gone through

        """
        recursive = recursive or Deallocatable._RECURSIVE
        items: Iterable[object] = ()
        if recursive and isinstance(obj, dict):
            items = tuple(obj.values())
        elif recursive and isinstance(obj, (tuple, list, set)):
            items = tuple(obj)
        elif not isinstance(obj, Deallocatable):
            return False
        if id(obj) in _active.ids:
            return True
        _active.ids.add(id(obj))
        try:
            if isinstance(obj, Deallocatable):
                obj.deallocate()
            for item in items:
                Deallocatable._try_deallocate(item, recursive)
        finally:
            _active.ids.discard(id(obj))
        return True

    def _deallocate_attribute(self, name: str) -> bool:
        """Deallocate the value of an attribute if it can be, and delete the
        attribute in any case.

        :param name: the attribute; may be absent

        :return: whether there was something to deallocate

        """
        if not hasattr(self, name):
            return False
        try:
            return self._try_deallocate(getattr(self, name))
        finally:
            delattr(self, name)

    def _deallocate_attributes(self, names: Iterable[str]) -> int:
        """Call :meth:`_deallocate_attribute` for each name.

        :param names: the attributes

        :return: how many were deallocated

        """
        return sum(map(self._deallocate_attribute, names))

    @classmethod
    def _num_deallocations(cls) -> int:
        """Return how many objects are recorded: created while tracking was on,
        and not deallocated.

        """
        return len(cls._ALLOCATIONS)

    @classmethod
    def _print_undeallocated(
        cls,
        include_stack: bool = False,
        only_counts: bool = False,
        fail: bool = False,
    ) -> None:
        """Write what is recorded to the standard output.

        :param include_stack: whether to add where each object was created

        :param only_counts: whether to write a count for each class rather than
                            a line for each object

        :param fail: whether to raise if there is any

        :raises APIError: if asked to ``fail``

        """
        recorded = tuple(cls._ALLOCATIONS.items())
        lines = [f"total allocations: {len(recorded)}"] if recorded else []
        if only_counts:
            counts: dict[str, int] = {}
            for _, (obj, _) in recorded:
                name = type(obj).__name__
                counts[name] = counts.get(name, 0) + 1
            lines += (f"{name}: {count}" for name, count in sorted(counts.items()))
        else:
            for key, (obj, stack) in recorded:
                name = f", name: {obj.name}" if hasattr(obj, "name") else ""
                lines.append(f"id: {key}, type: {type(obj)}{name}")
                if include_stack:
                    lines.append(stack.rstrip())
        sys.stdout.writelines(f"{line}\n" for line in lines)
        if fail:
            cls.assert_dealloc()

    @classmethod
    def _deallocate_all(cls) -> None:
        """Empty the record and deallocate what was in it."""
        recorded = tuple(cls._ALLOCATIONS.values())
        cls._ALLOCATIONS.clear()
        for obj, _ in recorded:
            obj.deallocate()

    @classmethod
    def assert_dealloc(cls) -> None:
        """Check that all that was recorded has been deallocated.

        :raises APIError: if not

        >>> from zensols.persist.dealloc import Deallocatable
        >>> Deallocatable.assert_dealloc()

        """
        count = cls._num_deallocations()
        if count:
            raise APIError(
                f"{count} objects were not deallocated; "
                "Deallocatable._print_undeallocated(True) tells which"
            )

    def _deallocate_str(self) -> str:
        """Return what to call this object in a log."""
        return f"{type(self).__name__} ({id(self)})"

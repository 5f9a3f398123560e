"""Contexts that deallocate when they are left, or change how it is done."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeVar, overload

from ..error import PersistableError
from .deallocatable import Deallocatable

__all__ = ["dealloc", "dealloc_recursive"]

T = TypeVar("T")


class dealloc_recursive:  # noqa: N801 - a context manager's name is its usage
    """A context in which deallocating also goes through the items of tuples,
    lists and sets and the values of dictionaries.

    It applies to the whole process, so enter it in one thread at a time.

    >>> from zensols.persist.dealloc import Deallocatable, dealloc_recursive
    >>> Deallocatable._try_deallocate([Deallocatable()])
    False
    >>> with dealloc_recursive():
    ...     Deallocatable._try_deallocate([Deallocatable()])
    True

    """

    def __init__(self) -> None:
        self._outer = Deallocatable._RECURSIVE

    def __enter__(self) -> None:
        Deallocatable._RECURSIVE = True

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        Deallocatable._RECURSIVE = self._outer


class dealloc(Generic[T]):  # noqa: N801 - a context manager's name is its usage
    """A context that deallocates an object when left, also by an exception,
    which then goes on.  If the deallocation fails as well, the exception carries
    a note of it.

    Use one object in one thread; ``track`` applies to the whole process.

    >>> from zensols.persist.dealloc import Deallocatable, dealloc
    >>> with dealloc(Deallocatable, track=True) as created:
    ...     Deallocatable._num_deallocations()
    1
    >>> Deallocatable._num_deallocations()
    0

    """

    @overload
    def __init__(
        self, inst: Callable[[], T], track: bool = ..., include_stack: bool = ...
    ) -> None: ...

    @overload
    def __init__(
        self, inst: T, track: bool = ..., include_stack: bool = ...
    ) -> None: ...

    def __init__(
        self, inst: Any, track: bool = False, include_stack: bool = False
    ) -> None:
        """
        :param inst: any object with a method ``deallocate``, or a function that
                     is called right here to create it

        :param track: whether to turn allocation tracking on until the end, and
                      then write to the standard output what was not deallocated

        :param include_stack: whether to write where that was created too

        :raises PersistableError: if the object has no method ``deallocate``

        """
        self._track = track
        self._include_stack = include_stack
        self._outer = Deallocatable.ALLOCATION_TRACKING
        if track:
            Deallocatable.ALLOCATION_TRACKING = True
        try:
            self._inst: Any = self._create(inst)
        except BaseException:
            self._restore()
            raise

    @staticmethod
    def _create(inst: Any) -> Any:
        if callable(inst) and not isinstance(inst, Deallocatable):
            inst = inst()
        if not hasattr(inst, "deallocate"):
            raise PersistableError(
                f"Can't deallocate {inst!r}: it has no method 'deallocate'; "
                "extend Deallocatable"
            )
        return inst

    def _restore(self) -> None:
        if self._track:
            Deallocatable.ALLOCATION_TRACKING = self._outer

    def __enter__(self) -> T:
        """
        :return: the object

        """
        inst: T = self._inst
        return inst

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            self._inst.deallocate()
        except Exception as e:
            if exc_value is None:
                raise
            exc_value.add_note(f"Deallocating {type(self._inst)} failed too: {e!r}")
        finally:
            self._restore()
            if self._track:
                Deallocatable._print_undeallocated(self._include_stack)

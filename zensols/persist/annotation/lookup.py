"""Find the works of an object, and see to it that they are its own."""

from __future__ import annotations

from typing import Any

from ..error import PersistableError
from ..missing import MISSING
from .definition import Definition
from .lock import ThreadLock, locked
from .slot import attributes, is_plain, read, write
from .work import PersistedWork

__all__ = ["take_over", "work_of", "works_of"]


class _Creation:
    """Has the lock on making works, of which an owner must not get two."""

    lock = ThreadLock()


_creation = _Creation()


def works_of(owner: Any) -> dict[str, PersistedWork]:
    """Return the works in an object's dictionary and slots, by attribute name.

    :param owner: the object

    """
    return {
        name: value
        for name, value in attributes(owner).items()
        if isinstance(value, PersistedWork)
    }


def take_over(owner: Any) -> None:
    """Make an object the owner of the works it was restored or copied with.  A
    work that the original still has is replaced by one like it.

    :param owner: the object

    """
    for name, work in works_of(owner).items():
        own = work
        if work.owner is None or (work.owner is owner and not work._holds_alone):
            work.owner = owner
        elif _is_copy(owner, name, work):
            own = _replace(owner, name, work)
        if own.cache_global and own.owner is owner:
            with locked(own._lock_holder):
                own._recall()


def work_of(owner: Any, definition: Definition) -> PersistedWork:
    """Return the work of an object for a decorated method, creating one if there
    is none.

    Safe to use from several threads.

    :param owner: the object

    :param definition: what the decorator was told

    :raises PersistableError: if something else is in its place, or the object
                              can't hold it

    """
    work = read(owner, definition.name)
    if isinstance(work, PersistedWork) and work.owner is owner:
        return work
    with locked(_creation):
        return _settle(owner, definition)


def _settle(owner: Any, definition: Definition) -> PersistedWork:
    name = definition.name
    work: Any = read(owner, name)
    if work is MISSING:
        return _create(owner, definition)
    if not isinstance(work, PersistedWork):
        raise PersistableError(
            f"Attribute {name} of {type(owner).__name__} is {work!r}, where the work "
            "of a decorated method should be: delete it or decorate the method with "
            "another name"
        )
    if work.owner is None:
        of_class: Any = getattr(type(owner), name, None)
        if of_class is work and not is_plain(owner, name):
            return _replace(owner, name, work, as_template=True)
        if not work._deallocated:
            work.owner = owner
    elif work.owner is not owner and _is_copy(owner, name, work):
        return _replace(owner, name, work)
    return work


def _is_copy(owner: Any, name: str, work: PersistedWork) -> bool:
    """Return whether an object has a work since another one was copied."""
    original = work.owner
    return type(original) is type(owner) and read(original, name) is work


def _create(owner: Any, definition: Definition) -> PersistedWork:
    work = PersistedWork(
        definition.name if definition.path is None else definition.path,
        owner,
        cache_global=definition.cache_global,
        transient=definition.transient,
        mkdir=definition.mkdir,
        deallocate_recursive=definition.deallocate_recursive,
        recover_empty=definition.recover_empty,
    )
    if not definition.allocation_track:
        work._mark_deallocated()
    _put(owner, definition.name, work)
    return work


def _replace(
    owner: Any, name: str, work: PersistedWork, as_template: bool = False
) -> PersistedWork:
    clone = work._clone(owner)
    if as_template:
        path = work.path if work.use_disk else str(work.path)
        clone.varname = clone._to_varname(owner, path)
    elif work._holds_alone:
        clone._value_at_hand = work._value_at_hand
    _put(owner, name, clone)
    return clone


def _put(owner: Any, name: str, work: PersistedWork) -> None:
    if not write(owner, name, work):
        raise PersistableError(
            f"{type(owner).__name__} has __slots__, and none of them to hold the work "
            f"{name}: add '{name}'"
        )

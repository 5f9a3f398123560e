"""Shallow copies of objects that say nothing of copying themselves."""

from __future__ import annotations

import copyreg
from typing import Any

__all__ = ["shallow_copy"]


def shallow_copy(obj: Any) -> Any:
    """Return what :func:`copy.copy` makes of an object without ``__copy__``, for
    use by a ``__copy__``.

    :param obj: the object

    >>> from types import SimpleNamespace
    >>> from zensols.persist.annotation.copying import shallow_copy
    >>> shallow_copy(SimpleNamespace(n=3))
    namespace(n=3)

    """
    reduce = copyreg.dispatch_table.get(type(obj))
    parts = obj.__reduce_ex__(4) if reduce is None else reduce(obj)
    if isinstance(parts, str):
        return obj
    function, args, state, items, pairs, set_state = (*parts, *[None] * 4)[:6]
    clone = function(*args)
    if state is not None:
        if set_state is not None:
            set_state(clone, state)
        elif hasattr(clone, "__setstate__"):
            clone.__setstate__(state)
        else:
            _set_state(clone, state)
    for item in items or ():
        clone.append(item)
    for key, value in pairs or ():
        clone[key] = value
    return clone


def _set_state(obj: Any, state: Any) -> None:
    slots = None
    if isinstance(state, tuple):
        state, slots = state
    if state:
        obj.__dict__.update(state)
    for name, value in (slots or {}).items():
        object.__setattr__(obj, name, value)

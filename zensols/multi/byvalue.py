"""Sending what a program defines in its own script or notebook to processes that
have another one.

"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable
from functools import _lru_cache_wrapper, cache, cached_property, lru_cache
from types import FunctionType
from typing import Any, Final

from zensols.persist.codec.culprit import find_culprit, is_live, show
from zensols.persist.missing import MISSING

from .error import CannotTravelError, MultiProcessError

__all__ = ["dumps"]


def dumps(value: Any, what: str) -> bytes:
    """Return a pickle of a value that brings along what it needs of ``__main__``:
    functions, classes, and what these refer to.

    :param value: the object

    :param what: names it in errors

    :raises CannotTravelError: if it can't be pickled; the text gives the path to
                               the culprit inside of it

    """
    file = io.BytesIO()
    pickler = _pickler_class()(file)
    try:
        pickler.dump(_Luggage(value, pickler.names))
    except MemoryError:
        raise
    except Exception as e:
        raise CannotTravelError(_explain(value, what, e)) from e
    return file.getvalue()


class _Luggage:
    """Unpickled as the value, once the names are in ``__main__``."""

    def __init__(self, value: Any, names: dict[str, Any]) -> None:
        self.value = value
        self.names = names

    def __reduce__(self) -> Any:
        return _unpacked, (self.value, _Names(self.names, frozenset()))


class _Names:
    """What else is sent; it is known when all before it is pickled, but may itself
    need more.

    """

    def __init__(self, names: dict[str, Any], sent: frozenset[str]) -> None:
        self.names = names
        self.sent = sent

    def __reduce__(self) -> Any:
        new = {name: self.names[name] for name in self.names.keys() - self.sent}
        if not new:
            return dict, ()
        return _install, (new, _Names(self.names, self.sent | new.keys()))


def _unpacked(value: Any, _: Any) -> Any:
    return value


_installed: Final[dict[str, Any]] = {}
"""What came into this process's ``__main__`` by being sent."""


def _install(names: dict[str, Any], _: Any) -> None:
    main = vars(sys.modules["__main__"])
    for name, value in names.items():
        if "." in name:
            # A class within another is made without it.
            value.__qualname__ = name
            continue
        present = main.get(name, MISSING)
        if present is MISSING or present is _installed.get(name, MISSING):
            main[name] = _installed[name] = value


def _explain(value: Any, what: str, error: Exception) -> str:
    trail = _Trail(_pickler_class()(io.BytesIO()))
    try:
        trail.dump(value)
    except Exception as e:  # noqa: BLE001  as when it was pickled before
        path = what + find_culprit(trail.trail).removeprefix("value")
        culprit = show(trail.trail[-1])
        reason = "nested too deeply" if isinstance(e, RecursionError) else e
    else:
        path, culprit, reason = what, show(value), error
    return (
        f"Can't send {path}: {culprit}: {reason}; leave it out (with __getstate__, or "
        f"as a transient attribute) or make it where it is used"
    )


class _Trail(pickle._Pickler):
    """Pickles as another pickler does, but in Python, so that it can remember the
    objects that lead to the one being pickled.

    """

    def __init__(self, pickler: Any) -> None:
        super().__init__(io.BytesIO(), 5)
        # What the base class looks for in an instance.
        vars(self).update(
            reducer_override=pickler.reducer_override,
            dispatch_table=pickler.dispatch_table,
        )
        self.trail: list[Any] = []

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        self.trail.append(obj)
        super().save(obj, save_persistent_id)  # type: ignore[misc]  # not in its stub
        self.trail.pop()


@cache
def _pickler_class() -> Any:
    # Here, since few programs need it.  dill, which does for what is stored, can't
    # take enumerations, methods of named tuples, or functions that call each other.
    try:
        import cloudpickle  # type: ignore[import-untyped]
    except ImportError:
        raise MultiProcessError(
            "Workers that don't share this program's __main__ are sent it by "
            "cloudpickle: pip install cloudpickle, or define what they need in a "
            "module that they can import"
        ) from None

    class ByValuePickler(cloudpickle.Pickler):  # type: ignore[misc]
        """Notes which names of ``__main__`` are used."""

        def __init__(self, file: io.BytesIO) -> None:
            super().__init__(file, 5)
            self.names: dict[str, Any] = {}

        def reducer_override(self, obj: Any) -> Any:
            if is_live(obj):
                raise TypeError(f"cannot pickle {type(obj).__qualname__!r} object")
            if isinstance(obj, type | FunctionType | _lru_cache_wrapper):
                self._note(obj)
            kind = type(obj)
            if kind is cached_property:
                # Not with its lock, which it has before Python 3.12.
                return kind, (obj.func,), {"attrname": obj.attrname}
            if kind is _lru_cache_wrapper and obj.__module__ == "__main__":
                return _cached, (obj.__wrapped__, obj.cache_parameters())
            return super().reducer_override(obj)

        def _note(self, obj: Any) -> None:
            if getattr(obj, "__module__", None) == "__main__":
                main: Any = sys.modules["__main__"]
                found = main
                name = obj.__qualname__
                for part in name.split("."):
                    found = getattr(found, part, None)
                if found is obj:
                    self.names[name] = obj
                    outermost = name.partition(".")[0]
                    self.names[outermost] = getattr(main, outermost)

    return ByValuePickler


def _cached(function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    return lru_cache(**parameters)(function)

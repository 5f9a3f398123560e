"""Pickling with buffers apart, with dill for what pickle can't take, and with
the place of what neither may take.

"""

from __future__ import annotations

import io
import pickle
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from ..error import ClassNotFoundError, PersistableError
from .culprit import find_culprit, is_live, show
from .entry import DILL, Buffer

__all__ = ["dill_dumps", "dumps", "dumps_whole", "loads", "loads_whole"]

OUT_OF_BAND: Final = 1 << 14
"""Buffers of at least this many bytes are kept out of the pickle."""

_unpickle: Final = pickle.loads


def dumps(value: Any) -> tuple[bytes, list[memoryview], bool]:
    """Return a pickle of a value, its large buffers, and whether it took dill.

    :param value: the object

    :raises PersistableError: if it can't be pickled; the text gives the path to
                              the culprit inside of it

    """
    buffers: list[memoryview] = []

    def in_band(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < OUT_OF_BAND:
            return True
        buffers.append(raw)
        return False

    try:
        return pickle.dumps(value, 5, buffer_callback=in_band), buffers, False
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
        return dill_dumps(value, buffers, in_band), buffers, True


def dumps_whole(value: Any) -> bytes:
    """Return a pickle of a value with its buffers inside.

    :param value: the object

    :raises PersistableError: if it can't be pickled; the text gives the path to
                              the culprit inside of it

    """
    try:
        return pickle.dumps(value, 5)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
        return dill_dumps(value)


def loads(
    data: Buffer,
    buffers: Sequence[memoryview] = (),
    flags: int = 0,
    source: str = "the data",
) -> Any:
    """Return the value of a pickle, **which runs what the pickle says**.

    :param data: the pickle

    :param buffers: what :func:`dumps` kept apart

    :param flags: those of its entry, which tell whether dill made it

    :param source: names the file, or the stash and key, in errors

    :raises ClassNotFoundError: if its class, or a function that makes it, can't
                                be imported

    :raises PersistableError: if it can't be restored for another reason

    """
    try:
        if not flags & DILL:
            return _unpickle(data, buffers=buffers) if buffers else _unpickle(data)
        from dill import Unpickler

        return Unpickler(io.BytesIO(data), buffers=buffers, ignore=True).load()
    except (MemoryError, RecursionError):
        raise
    except Exception as e:
        if isinstance(e, ImportError) or (
            isinstance(e, AttributeError) and str(e).startswith("Can't get attribute")
        ):
            raise ClassNotFoundError(
                f"Can't import what {source} is made of: {e}; install or restore "
                f"the module, or delete the entry"
            ) from e
        raise PersistableError(
            f"Can't restore the value in {source}: {type(e).__name__}: {e}"
        ) from e


def loads_whole(data: Buffer, source: str = "the data") -> Any:
    """Return the value of a pickle that anyone may have written, **which runs
    what the pickle says**.

    :param data: the pickle

    :param source: names the file, or the stash and key, in errors

    :raises ClassNotFoundError: if its class, or a function that makes it, can't
                                be imported

    :raises PersistableError: if it can't be restored for another reason

    """
    flags = DILL if re.search(rb"dill\._dill", data) else 0
    return loads(data, (), flags, source)


def dill_dumps(
    value: Any,
    buffers: list[memoryview] | None = None,
    in_band: Callable[[pickle.PickleBuffer], bool] | None = None,
    recurse: bool = True,
) -> bytes:
    """Return a pickle of a value that dill makes.

    :param value: the object

    :param buffers: emptied, and filled by ``in_band``

    :param in_band: tells whether a buffer goes into the pickle; by default all do

    :param recurse: whether to store copies of those globals that functions use

    :raises PersistableError: if it can't be pickled; the text gives the path to
                              the culprit inside of it

    """
    if buffers:
        buffers.clear()
    file = io.BytesIO()
    pickler = _pickler_class()(file, 5, buffer_callback=in_band, recurse=recurse)
    try:
        pickler.dump(value)
    except MemoryError:
        raise
    except Exception as e:
        if recurse and isinstance(e, RecursionError):
            # dill stores copies of the globals that functions use, so that other
            # programs can call them, but never ends looking for those of functions
            # that refer to themselves.
            return dill_dumps(value, buffers, in_band, recurse=False)
        reason = "nested too deeply" if isinstance(e, RecursionError) else e
        raise PersistableError(
            f"Can't store {find_culprit(pickler.trail)}: {show(pickler.trail[-1])}: "
            f"{reason}; leave it out (with __getstate__, or as a transient "
            f"attribute) or store what it is made from"
        ) from e
    return file.getvalue()


@cache
def _pickler_class() -> Any:
    # Here, since importing dill takes longer than importing all of this package.
    import dill

    class TrailPickler(dill.Pickler):  # type: ignore[misc]  # dill is untyped
        """Remembers the objects that lead to the one being pickled."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.trail: list[Any] = []

        def save(self, obj: Any, save_persistent_id: bool = True) -> None:
            self.trail.append(obj)
            if is_live(obj):
                raise TypeError(f"cannot pickle {type(obj).__qualname__!r} object")
            super().save(obj, save_persistent_id)
            self.trail.pop()

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, type):
                if hasattr(obj, "__orig_bases__") and "__orig_bases__" not in vars(obj):
                    # dill would make it of those that its base was written with.
                    obj.__orig_bases__ = obj.__bases__
                # By name, as pickle does: of dill's copy of a class, what is
                # loaded would be an instance, and not of the program's.
                return obj.__qualname__ if _is_in_main(obj) else NotImplemented
            if _is_array(type(obj)):
                # With its buffer apart, where dill would make a copy of it.
                return obj.__reduce_ex__(5)
            return NotImplemented

    return TrailPickler


def _is_array(kind: type) -> bool:
    return kind.__name__ == "ndarray" and kind.__module__ == "numpy"


def _is_in_main(cls: type) -> bool:
    if cls.__module__ != "__main__":
        return False
    found: Any = sys.modules.get("__main__")
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls

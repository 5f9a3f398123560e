"""Pickling with buffers apart, with dill for what pickle can't take, and with
the place of what neither may take.

"""

from __future__ import annotations

import io
import pickle
import reprlib
import socket
import sys
import threading
from collections.abc import Sequence
from functools import cache
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
)
from typing import Any, Final

from ..error import ClassNotFoundError, PersistableError

__all__ = ["dumps", "dumps_whole", "loads"]

OUT_OF_BAND: Final = 1 << 14
"""Buffers of at least this many bytes are kept out of the pickle."""


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
        buffers.clear()
        return _dill_dumps(value, in_band), buffers, True


def dumps_whole(value: Any) -> bytes:
    """Return a pickle of a value with its buffers inside.

    :param value: the object

    :raises PersistableError: if it can't be pickled

    """
    try:
        return pickle.dumps(value, 5)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  each __reduce__ raises what it likes
        return _dill_dumps(value, None)


def loads(
    data: memoryview, buffers: Sequence[memoryview] = (), source: str = "the data"
) -> Any:
    """Return the value of a pickle, **which runs what the pickle says**.

    :param data: the pickle

    :param buffers: what :func:`dumps` kept apart

    :param source: names the file, or the stash and key, in errors

    :raises ClassNotFoundError: if its class, or a function that makes it, can't
                                be imported

    :raises PersistableError: if it can't be restored for another reason

    """
    try:
        return pickle.loads(data, buffers=buffers)
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


def _dill_dumps(value: Any, in_band: Any) -> bytes:
    file = io.BytesIO()
    pickler = _pickler_class()(file, 5, buffer_callback=in_band)
    try:
        pickler.dump(value)
    except MemoryError:
        raise
    except Exception as e:
        path, culprit = _place(pickler.trail)
        raise PersistableError(
            f"Can't store {path}: {_show(culprit)}: {e}; leave it out (with "
            f"__getstate__, or as a transient attribute) or store what it is made "
            f"from"
        ) from e
    return file.getvalue()


@cache
def _pickler_class() -> Any:
    # Here, since importing dill takes longer than importing all of this package.
    import dill

    class PathPickler(dill.Pickler):  # type: ignore[misc]  # dill is untyped
        """Remembers the objects that lead to the one being pickled."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, recurse=True, **kwargs)
            self.trail: list[Any] = []

        def save(self, obj: Any, save_persistent_id: bool = True) -> None:
            self.trail.append(obj)
            if _is_live(obj):
                raise TypeError(f"cannot pickle {type(obj).__qualname__!r} object")
            super().save(obj, save_persistent_id)
            self.trail.pop()

    return PathPickler


_LIVE: Final = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Thread,
    threading.Condition,
    threading.Event,
    threading.Semaphore,
    threading.local,
    socket.socket,
    GeneratorType,
    CoroutineType,
    AsyncGeneratorType,
    FrameType,
    io.TextIOWrapper,
    io.BufferedReader,
    io.BufferedWriter,
    io.BufferedRandom,
    io.BufferedRWPair,
    io.FileIO,
)
"""What is bound to this process: dill would store something, but not this."""


def _is_live(obj: Any) -> bool:
    return isinstance(obj, _LIVE) or obj is sys.stdout or obj is sys.stderr


def _show(culprit: Any) -> str:
    try:
        text = repr(culprit)
    except Exception:  # noqa: BLE001  the culprit may be broken in any way
        text = f"<{type(culprit).__qualname__} object>"
    return text if len(text) <= 200 else reprlib.repr(text)[1:-1]


def _place(trail: Sequence[Any]) -> tuple[str, Any]:
    """Return the path through the objects that lead to the last one."""
    path = "value"
    culprit = trail[0]
    inner = False
    for parent, child in zip(trail, trail[1:], strict=False):
        step, inner = _step(parent, child, inner)
        path += step
        if not inner:
            culprit = child
    return path, trail[-1] if not inner else culprit


def _step(parent: Any, child: Any, inner: bool) -> tuple[str, bool]:
    """Return how a child is reached from its parent, and whether the child is
    only a part of how the parent is pickled, such as its state.

    """
    kind = type(parent)
    if kind is dict:
        for key, value in parent.items():
            if value is child:
                return (f".{key}" if inner else f"[{key!r}]"), False
        return ".keys()", False
    if kind in (list, tuple, set, frozenset):
        if inner:
            return "", isinstance(child, (dict, list, tuple))
        if kind in (set, frozenset):
            return f"{{{_show(child)}}}", False
        index = next((i for i, item in enumerate(parent) if item is child), "…")
        return f"[{index}]", False
    if isinstance(parent, FunctionType):
        return _function_step(parent, child)
    for index, item in enumerate(parent) if isinstance(parent, (list, tuple)) else ():
        if item is child:
            return f"[{index}]", False
    if isinstance(parent, dict):
        for key, value in parent.items():
            if value is child:
                return f"[{key!r}]", False
    for name, value in getattr(parent, "__dict__", {}).items():
        if value is child:
            return f".{name}", False
    return "", isinstance(child, (dict, list, tuple))


def _function_step(function: FunctionType, child: Any) -> tuple[str, bool]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for name, cell in cells:
        if cell is child:
            return f".<closure {name!r}>", True
    return "", True

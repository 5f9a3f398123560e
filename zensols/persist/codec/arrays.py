"""How NumPy's arrays and numbers are written in JSON."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any, Final

from ..error import PersistableError
from .tags import Refused, Tag

__all__ = ["ARRAY_NAMES", "array_tag", "array_tags"]

_ARRAY: Final = "$ndarray"
_SCALAR: Final = "$npscalar"

ARRAY_NAMES: Final = frozenset((_ARRAY, _SCALAR))
"""The tags."""

_RAW: Final = frozenset("biufcSUMmV")
"""The kinds of element types whose memory is all that there is."""


def array_tag(kind: type) -> Tag | None:
    """Return how values of a type are written, or None if it is not NumPy's.

    :param kind: any type

    """
    # Subclasses of others are in other modules.
    if kind.__module__ != "numpy":
        return None
    import numpy as np

    if kind is np.ndarray:
        return array_tags()[_ARRAY]
    if issubclass(kind, np.generic):
        return array_tags()[_SCALAR]
    return None


@cache
def array_tags() -> Mapping[str, Tag]:
    """Return how arrays and numbers are written, by tag.

    :raises PersistableError: if NumPy is not installed

    """
    try:
        import numpy as np
    except ImportError as error:
        raise PersistableError(
            "The data has NumPy's arrays: install the package numpy"
        ) from error
    return {
        _ARRAY: Tag(_ARRAY, np.ndarray, _write_array, _read_array),
        _SCALAR: Tag(_SCALAR, np.generic, _write_scalar, _read_scalar),
    }


def _write_array(array: Any) -> list[Any]:
    form = _write_type(array)
    return [form, list(array.shape), b64encode(array.tobytes()).decode("ascii")]


def _read_array(data: Any) -> Any:
    import numpy as np

    form, shape, text = data
    kind = _read_type(form)
    # A bytearray, so that the array can be written to.
    raw = bytearray(b64decode(text, validate=True))
    if prod(shape) * kind.itemsize != len(raw):
        raise ValueError(f"{len(raw)} bytes for shape {shape} of {kind}")
    return np.ndarray(tuple(shape), kind, raw)


def _write_scalar(scalar: Any) -> list[Any]:
    import numpy as np

    form, _, text = _write_array(np.asarray(scalar))
    return [form, text]


def _read_scalar(data: Any) -> Any:
    form, text = data
    return _read_array((form, (), text))[()]


def _write_type(array: Any) -> Any:
    import numpy as np

    kind = array.dtype
    form = np.lib.format.dtype_to_descr(kind) if kind.kind in _RAW else None
    try:
        if form is not None and _read_type(form) == kind:
            return form
    except (TypeError, ValueError):
        pass
    raise Refused(
        array,
        f"its elements are {kind}, which are more than bytes: convert it to a list, or "
        f"to an array of numbers or text",
    )


def _read_type(form: Any) -> Any:
    import numpy as np

    kind = np.lib.format.descr_to_dtype(form)
    if kind.hasobject or kind.kind not in _RAW:
        raise ValueError(f"elements of type {kind}")
    return kind

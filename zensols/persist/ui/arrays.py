"""What is shown of an array: what its numbers are like, and a picture of them."""

from __future__ import annotations

import zlib
from base64 import b64encode
from dataclasses import dataclass
from struct import pack
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ArrayView", "view_array"]

_BINS: Final = 40
_SAMPLE: Final = 1_000_000
_PIXELS: Final = 256
_SMALLEST: Final = 4


@dataclass(frozen=True)
class ArrayView:
    """What is shown of an array."""

    shape: tuple[int, ...]
    """Its shape."""

    dtype: str
    """The type of its elements."""

    facts: dict[str, str]
    """Such as the smallest and the largest number, by name."""

    bins: list[tuple[float, float, int]]
    """A histogram: from, to and how many."""

    image: str | None
    """A PNG picture as a data URL, if it has two dimensions, or a third one of
    colours.
    """


def view_array(array: NDArray[Any]) -> ArrayView:
    """Return what is shown of an array; of a large one, of a part of its numbers.

    :param array: the array

    >>> import numpy as np
    >>> view = view_array(np.arange(12).reshape(3, 4))
    >>> view.shape, view.facts["largest"], sum(n for _, _, n in view.bins)
    ((3, 4), '11', 12)

    """
    import numpy as np

    facts: dict[str, str] = {}
    bins: list[tuple[float, float, int]] = []
    image = None
    if array.dtype.kind in "biuf" and array.size:
        flat = _sample(array)
        if flat.size < array.size:
            facts["looked at"] = f"{flat.size:,} of {array.size:,} numbers"
        finite = flat[np.isfinite(flat)]
        if finite.size < flat.size:
            facts["not finite"] = f"{flat.size - finite.size:,}"
        if finite.size:
            facts["smallest"] = f"{finite.min():.6g}"
            facts["largest"] = f"{finite.max():.6g}"
            facts["mean"] = f"{finite.mean(dtype=np.float64):.6g}"
            with np.errstate(over="ignore", invalid="ignore"):
                bins = _histogram(finite.astype(np.float64))
        image = _image(array)
    return ArrayView(array.shape, str(array.dtype), facts, bins, image)


def _sample(array: NDArray[Any]) -> NDArray[Any]:
    # Steps that no period of the rows divides.
    step = max(1, array.size // _SAMPLE)
    flat = array.reshape(-1) if array.flags.c_contiguous else array.ravel(order="K")
    sample: NDArray[Any] = flat[:: step | 1]
    return sample


def _histogram(numbers: NDArray[Any]) -> list[tuple[float, float, int]]:
    import numpy as np

    try:
        counts, edges = np.histogram(numbers, bins=_BINS)
    except ValueError:
        # The range is too wide or too narrow for bins.
        return []
    pairs = zip(edges[:-1], edges[1:], counts, strict=True)
    return [(float(a), float(b), int(n)) for a, b, n in pairs]


def _image(array: NDArray[Any]) -> str | None:
    import numpy as np

    is_coloured = array.ndim == 3 and array.shape[2] in (3, 4)
    if array.dtype != np.uint8 and is_coloured:
        return None
    if not (array.ndim == 2 or is_coloured) or min(array.shape[:2]) < _SMALLEST:
        return None
    steps = [-(-n // _PIXELS) for n in array.shape[:2]]
    small = array[:: steps[0], :: steps[1]]
    if small.dtype != np.uint8:
        small = _grey(small.astype(np.float64))
    return "data:image/png;base64," + b64encode(_png(small)).decode()


def _grey(numbers: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    finite = np.isfinite(numbers)
    low, high = (
        (numbers[finite].min(), numbers[finite].max()) if finite.any() else (0, 0)
    )
    with np.errstate(all="ignore"):
        scaled = (numbers - low) / (high - low) * 255 if high > low else numbers * 0
    grey: NDArray[Any] = np.where(np.isfinite(scaled), scaled, 0).astype(np.uint8)
    return grey


def _png(pixels: NDArray[Any]) -> bytes:
    """Return a picture in the Portable Network Graphics format (:rfc:`2083`)."""
    height, width = pixels.shape[:2]
    colour = {2: 0, 3: 2, 4: 6}[2 if pixels.ndim == 2 else pixels.shape[2]]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = (
        (b"IHDR", pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from zensols.persist.ui import arrays  # noqa: E402
from zensols.persist.ui.arrays import view_array  # noqa: E402


def picture(url: str) -> tuple[int, int, int, bytes]:
    """The width, height, colour type and pixels of a PNG picture."""
    data = b64decode(url.removeprefix("data:image/png;base64,"))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, parts = 8, {}
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        parts[kind] = data[place + 8 : place + 8 + length]
        (crc,) = struct.unpack_from(">I", data, place + 8 + length)
        assert crc == zlib.crc32(kind + parts[kind])
        place += 12 + length
    width, height, depth, colour = struct.unpack_from(">IIBB", parts[b"IHDR"])
    assert depth == 8
    return width, height, colour, zlib.decompress(parts[b"IDAT"])


def test_numbers() -> None:
    view = view_array(np.array([1.0, 2.0, 3.0, np.nan, np.inf]))
    assert view.shape == (5,)
    assert view.dtype == "float64"
    assert view.facts == {
        "not finite": "2",
        "smallest": "1",
        "largest": "3",
        "mean": "2",
    }
    assert sum(n for _, _, n in view.bins) == 3
    assert view.bins[0][0] == 1
    assert view.bins[-1][1] == 3
    assert view.image is None


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a", "b"]),
        np.array([None, {}], object),
        np.empty((0, 5)),
        np.array([1 + 2j]),
        np.zeros(3, [("a", "i4")]),
        np.array(["2026-01-01"], "datetime64[D]"),
    ],
)
def test_what_are_no_numbers(array: Any) -> None:
    view = view_array(array)
    assert view.bins == []
    assert view.image is None
    assert view.facts == {}


@pytest.mark.parametrize(
    "array",
    [
        np.full(10, np.nan),
        np.array([-1.7e308, 1.7e308]),
        np.array([1.0, np.nextafter(1.0, 2)]),
        np.array([True, False]),
        np.array([5]),
        np.arange(10, dtype="u1")[::-1],
        np.arange(24, dtype=">f4").reshape(2, 3, 4).T,
        np.full((8, 8), 1e308) * np.array([[1], [-1]] * 4),
    ],
)
def test_unusual_numbers(array: Any) -> None:
    view = view_array(array)
    assert view.shape == array.shape
    assert sum(n for _, _, n in view.bins) in (0, np.isfinite(array).sum())


def test_large_arrays_are_sampled(monkeypatch: Any) -> None:
    monkeypatch.setattr(arrays, "_SAMPLE", 1000)
    view = view_array(np.arange(100_000))
    looked_at = int(view.facts["looked at"].split()[0].replace(",", ""))
    assert looked_at <= 1000
    assert sum(n for _, _, n in view.bins) == looked_at


def test_grey_picture() -> None:
    view = view_array(np.arange(20.0).reshape(4, 5))
    assert view.image is not None
    width, height, colour, data = picture(view.image)
    assert (width, height, colour) == (5, 4, 0)
    assert data[1:6] == bytes([0, 13, 26, 40, 53])
    assert data[-1] == 255


def test_coloured_picture() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (6, 7, 3), np.uint8)
    view = view_array(pixels)
    assert view.image is not None
    width, height, colour, data = picture(view.image)
    assert (width, height, colour) == (7, 6, 2)
    assert data[1:22] == pixels[0].tobytes()


def test_picture_with_transparency() -> None:
    view = view_array(np.zeros((5, 5, 4), np.uint8))
    assert view.image is not None
    assert picture(view.image)[2] == 6


def test_large_picture_is_made_smaller() -> None:
    view = view_array(np.ones((3000, 1000)))
    assert view.image is not None
    width, height, _, data = picture(view.image)
    assert width <= 256
    assert height <= 256
    assert len(data) == height * (width + 1)


@pytest.mark.parametrize("shape", [(3, 100), (100, 3), (5, 5, 5), (5, 5, 3), (4,)])
def test_no_picture(shape: tuple[int, ...]) -> None:
    assert view_array(np.ones(shape)).image is None

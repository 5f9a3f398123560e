from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("nicegui")

from zensols.persist.ui.upload import read_within


class Request:
    """As much of a request as is used, which counts what is read of it."""

    def __init__(self, chunks: list[bytes], **headers: str) -> None:
        self.headers = {name.replace("_", "-"): v for name, v in headers.items()}
        self.chunks = chunks
        self.read = 0

    async def stream(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.read += 1
            yield chunk


async def read(request: Any, limit: int) -> bytes | None:
    return await read_within(request, limit)


async def test_small_file() -> None:
    assert await read(Request([b"ab", b"c", b""], content_length="3"), 3) == b"abc"
    assert await read(Request([b"abc"]), 3) == b"abc"
    assert await read(Request([]), 3) == b""


async def test_large_file_is_not_read() -> None:
    request = Request([b"abcd"], content_length="4")
    assert await read(request, 3) is None
    assert request.read == 0


@pytest.mark.parametrize("headers", [{}, {"content_length": "1"}])
async def test_file_that_lies_is_read_no_further(headers: dict[str, str]) -> None:
    request = Request([b"ab"] * 1000, **headers)
    assert await read(request, 3) is None
    assert request.read == 2


@pytest.mark.parametrize("length", ["-1", "x", "", "1e3", "٣"])
async def test_length_that_is_none(length: str) -> None:
    found = await read(Request([b"abcdef"], content_length=length), 3)
    assert found is None

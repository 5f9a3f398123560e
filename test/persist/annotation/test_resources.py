from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from zensols.persist.annotation import resource


class Base:
    def __init__(self) -> None:
        self.log: list[str] = []

    def _make(self) -> str:
        self.log.append("make")
        return "resource"

    def _free(self, res: str) -> None:
        self.log.append(f"free {res}")


class User(Base):
    @resource("_make", "_free")
    def use(self, res: str, a: int, b: int = 2) -> tuple[Any, ...]:
        """Use it."""
        self.log.append("use")
        return res, a, b

    @resource("_make", "_free")
    def fail(self, res: str) -> None:
        raise ValueError("no")

    @resource("_make", "_free")
    def generate(self, res: str) -> Iterator[str]:
        for i in range(3):
            self.log.append(f"yield {i}")
            yield f"{res} {i}"

    @resource("_make", "_free")
    async def wait(self, res: str) -> str:
        await asyncio.sleep(0)
        self.log.append("waited")
        return res

    @resource("_make", "_free")
    async def generate_async(self, res: str) -> AsyncIterator[str]:
        for i in range(3):
            self.log.append(f"yield {i}")
            yield f"{res} {i}"


def test_resource() -> None:
    user = User()
    assert user.use(1, b=3) == ("resource", 1, 3)
    assert user.log == ["make", "use", "free resource"]


def test_keeps_documentation() -> None:
    assert User.use.__doc__ == "Use it."
    assert User.use.__name__ == "use"
    assert "res" in User.use.__annotations__


def test_destroyed_after_error() -> None:
    user = User()
    with pytest.raises(ValueError, match="no"):
        user.fail()
    assert user.log == ["make", "free resource"]


def test_not_destroyed_if_not_created() -> None:
    class Broken(User):
        def _make(self) -> str:
            raise ValueError("can't make")

    user = Broken()
    with pytest.raises(ValueError, match="can't make"):
        user.use(1)
    assert user.log == []


def test_subclass_with_fixed_names() -> None:
    class connection(resource):
        def __init__(self) -> None:
            super().__init__("_make", "_free")

    class Client(Base):
        @connection()
        def query(self, res: str) -> str:
            return res

    client = Client()
    assert client.query() == "resource"
    assert client.log == ["make", "free resource"]


def test_f_generator_has_its_resource() -> None:
    user = User()
    items = user.generate()
    assert inspect.isgeneratorfunction(User.generate)
    assert user.log == []
    assert next(items) == "resource 0"
    assert user.log == ["make", "yield 0"]
    assert list(items) == ["resource 1", "resource 2"]
    assert user.log[-1] == "free resource"


def test_f_generator_closed_early() -> None:
    user = User()
    items = user.generate()
    next(items)
    items.close()
    assert user.log == ["make", "yield 0", "free resource"]


def test_coroutine_has_its_resource() -> None:
    user = User()
    assert asyncio.run(user.wait()) == "resource"
    assert user.log == ["make", "waited", "free resource"]


def test_asynchronous_generator_has_its_resource() -> None:
    user = User()

    async def collect() -> list[str]:
        return [item async for item in user.generate_async()]

    assert asyncio.run(collect()) == ["resource 0", "resource 1", "resource 2"]
    assert user.log == ["make", "yield 0", "yield 1", "yield 2", "free resource"]

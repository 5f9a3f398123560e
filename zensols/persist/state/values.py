"""Make persisters of what Burr's are made of."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar, Generic, Protocol, TypeVar

__all__ = ["FromPositions", "Made"]


class _Cleaned(Protocol):
    async def cleanup(self) -> None: ...


P = TypeVar("P", bound=_Cleaned)


class Made(Generic[P]):
    """A persister that is awaited, or used with ``async with``, as those that Burr
    makes of values are.

    For one coroutine.

    >>> import asyncio
    >>> from zensols.persist.state import AsyncInMemoryPersister
    >>> async def main():
    ...     persister = await Made(AsyncInMemoryPersister())
    ...     async with Made(persister) as same:
    ...         return same is persister
    >>> asyncio.run(main())
    True

    """

    def __init__(self, persister: P) -> None:
        """
        :param persister: the persister

        """
        self._persister = persister

    def __await__(self) -> Generator[Any, None, P]:
        return self._give().__await__()

    async def _give(self) -> P:
        return self._persister

    async def __aenter__(self) -> P:
        return self._persister

    async def __aexit__(self, *_: object) -> None:
        await self._persister.cleanup()


class FromPositions:
    """A persister of which Burr's takes other values, or in another order: the first
    of its base classes.

    As safe to use from threads and processes as its subclass.

    >>> from zensols.persist.state import InMemoryPersister
    >>> class Remote(FromPositions, InMemoryPersister):
    ...     positions = "host", "port"
    ...     def __init__(self, url=None, host=None, port=None):
    ...         super().__init__()
    ...         self.place = url or f"{host}:{port}"
    >>> Remote.from_values("example.org", 80).place
    'example.org:80'
    >>> Remote.from_values("there://example.org").place
    'there://example.org'

    """

    positions: ClassVar[tuple[str, ...]] = ()
    """The names of what :meth:`from_values` takes, unless that is a URL."""

    @classmethod
    def from_values(cls, *args: Any, **values: Any) -> Any:
        """Return a persister that makes its own connections.

        :param args: what the class takes, or what Burr's takes, in its order

        :param values: what the class takes, by name

        """
        if args and "://" not in str(args[0]):
            count = len(cls.positions)
            values = dict(zip(cls.positions, args, strict=False)) | values
            args = args[count:]
        return super().from_values(*args, **values)  # type: ignore[misc]  # the next

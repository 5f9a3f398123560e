"""Records of a database whose use is planned once, whether it is waited for or awaited."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

__all__ = ["AsyncPlannedRecords", "PlannedRecords"]

_MAKING: Final = frozenset({"add", "fork"})
"""The methods that need what :meth:`.Records.set_up` makes."""


class _Planned:
    """What both have."""

    def __init__(self, plans: Any, *arguments: Any) -> None:
        """
        :param plans: has the methods of :class:`.Records`, which return what is to be
                      carried out

        :param arguments: what the class takes

        """
        self._plans = plans
        self._arguments = arguments
        self._is_set_up = False

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments

    def _plan(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        plan: Callable[..., Any] = getattr(self._plans, name)
        return plan


class PlannedRecords(_Planned, ABC):
    """Has the methods of :class:`.Records`.

    As safe as its subclass says.

    """

    @abstractmethod
    def carry_out(self, plan: Any) -> Any:
        """Return what comes of a plan."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        plan = self._plan(name)

        def call(*arguments: Any) -> Any:
            if not self._is_set_up:
                (self.set_up if name in _MAKING else self.is_set_up)()
            return self.carry_out(plan(*arguments))

        return call

    def is_set_up(self) -> bool:
        """Return whether there is all that is needed."""
        if not self._is_set_up:
            self._is_set_up = self.carry_out(self._plans.is_set_up())
        return self._is_set_up

    def set_up(self) -> None:
        """Make what is needed."""
        if not self._is_set_up:
            self._is_set_up = self.carry_out(self._plans.set_up())


class AsyncPlannedRecords(_Planned, ABC):
    """Has the methods of :class:`.Records` as coroutines.

    For the coroutines of one event loop at a time.

    """

    @abstractmethod
    async def carry_out(self, plan: Any) -> Any:
        """Return what comes of a plan."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        plan = self._plan(name)

        async def call(*arguments: Any) -> Any:
            if not self._is_set_up:
                await (self.set_up if name in _MAKING else self.is_set_up)()
            return await self.carry_out(plan(*arguments))

        return call

    async def is_set_up(self) -> bool:
        """Return whether there is all that is needed."""
        if not self._is_set_up:
            self._is_set_up = await self.carry_out(self._plans.is_set_up())
        return self._is_set_up

    async def set_up(self) -> None:
        """Make what is needed."""
        if not self._is_set_up:
            self._is_set_up = await self.carry_out(self._plans.set_up())

"""Find out who calls."""

from __future__ import annotations

import asyncio
import sys
import threading
from types import ModuleType

import pytest

from zensols.persist.state.asynccaller import is_called_by_coroutine


async def asks() -> bool:
    return is_called_by_coroutine()


def test_coroutine_is_noticed() -> None:
    assert asyncio.run(asks())


def test_function_is_none() -> None:
    assert not is_called_by_coroutine()


def test_thread_beside_a_loop_is_none() -> None:
    async def ask_in_a_thread() -> bool:
        return await asyncio.to_thread(is_called_by_coroutine)

    assert not asyncio.run(ask_in_a_thread())
    assert threading.active_count() >= 1


def test_notebook_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    assert not asyncio.run(asks())

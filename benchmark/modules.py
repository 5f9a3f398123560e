"""Asking for a backup, which programs do in each turn of a control loop."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

from zensols.persist.module import Keeper, PersistentModule

from .backups import CHAPTER
from .row import OURS, Bar, Case
from .timing import Contender, Measurement, Settings, time_all
from .workspace import new_folder

__all__ = ["CASES"]

_UNROLLED = 20
"""Calls in a statement, so that the loop around it does not count."""


class _Module(PersistentModule):
    def __init__(self, folder: str) -> None:
        super().__init__(persistence_folder=folder)
        self.speed = 1.0

    def backup(self) -> dict[str, Any]:
        return {"speed": self.speed}

    def restore(self, data: dict[str, Any]) -> None:
        self.speed = data["speed"]


class _Flag:
    requested = False

    def request(self) -> None:
        self.requested = True


def _request(settings: Settings) -> list[Measurement]:
    # Its event loop is looked for where there could be one.
    import asyncio  # noqa: F401

    with ExitStack() as stack:
        folder = os.fspath(stack.enter_context(new_folder()))
        stack.enter_context(Keeper())
        contenders = [
            Contender(
                name, "\n".join([call] * _UNROLLED), {"module": module}, _UNROLLED
            )
            for name, call, module in (
                (OURS, "module.request_backup()", _Module(folder)),
                ("a method that sets a flag", "module.request()", _Flag()),
            )
        ]
        return time_all(contenders, settings.rounds, settings.sample_seconds)


CASES = (
    Case(
        "request",
        "ask for a backup of an object's state",
        "a method that sets a flag",
        _request,
        Bar(1e-6, "value"),
        note="A thread writes it within ten seconds, together with what else asked.",
        chapter=CHAPTER,
    ),
)
"""What this module measures."""

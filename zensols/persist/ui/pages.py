"""The pages of the panel, by their addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from fastapi import Request
from nicegui import ui

from .backuppage import show_backups
from .homepage import show_places, show_stores
from .layout import complain, frame
from .panel import Panel, Place
from .statepage import show_states
from .storepage import show_store

__all__ = ["add_pages"]

T = TypeVar("T")


def add_pages(panel: Panel, *, has_login: bool = False) -> None:
    """Add the pages of a panel to NiceGUI's application, which has one panel.

    :param panel: what they show

    :param has_login: whether there is a session to end

    """

    @ui.page("/")
    async def home(request: Request) -> None:
        with frame(panel, request, "Stores", "Stores", has_login):
            await show_stores(panel)

    @ui.page("/store/{number}")
    async def store(request: Request, number: str, key: str = "") -> None:
        show = partial(show_store, key=key)
        await build(request, "Stores", "store", panel.stores, number, show)

    @ui.page("/states")
    async def states(request: Request) -> None:
        with frame(panel, request, "States", "States", has_login):
            await show_places("Application states", "/states", panel.states)

    @ui.page("/states/{number}")
    async def state(request: Request, number: str) -> None:
        await build(request, "States", "database", panel.states, number, show_states)

    @ui.page("/backups")
    async def backups(request: Request) -> None:
        with frame(panel, request, "Backups", "Backups", has_login):
            await show_places("Backups", "/backups", panel.backups)

    @ui.page("/backups/{number}")
    async def backup(request: Request, number: str) -> None:
        what = "place of backups"
        await build(request, "Backups", what, panel.backups, number, show_backups)

    async def build(
        request: Request,
        part: str,
        what: str,
        places: Sequence[Place[T]],
        number: str,
        show: Callable[[Panel, Place[T]], Awaitable[None]],
    ) -> None:
        place = _find(places, number)
        title = f"No such {what}" if place is None else place.name
        with frame(panel, request, part, title, has_login):
            if place is None:
                complain(
                    f"There is no such {what} here: go back to the list, or give its "
                    f"URL when you start the panel.",
                    title,
                )
            else:
                await show(panel, place)


def _find(places: Sequence[Place[T]], number: str) -> Place[T] | None:
    is_number = number.isascii() and number.isdigit() and len(number) < 9
    return places[int(number)] if is_number and int(number) < len(places) else None

"""The pages that list what the panel shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from ..stash.layers import innermost
from .layout import attempt, empty, has_browser, heading, link_card
from .panel import Panel, Place

__all__ = ["show_places", "show_stores"]


async def show_stores(panel: Panel) -> None:
    """Build the list of stores.

    :param panel: what is shown

    """
    heading("Stores")
    if not panel.stores:
        empty(
            "No stores",
            "Give the URLs of stores when you start the panel:",
            "stash ui dir:cache sqlite:work.db",
        )
        return
    labels = []
    with ui.element("div").classes("cards"):
        for place in panel.stores:
            kind = type(innermost(place.content)).__name__
            labels.append(link_card(f"/store/{place.number}", place.name, kind))
    if not await has_browser():
        return
    for place, label in zip(panel.stores, labels, strict=True):
        count, problem = await attempt(len, innermost(place.content))
        if problem:
            label.set_text(problem)
            label.classes(replace="removed")
        else:
            label.set_text("1 key" if count == 1 else f"{count:,} keys")


async def show_places(title: str, path: str, places: Sequence[Place[Any]]) -> None:
    """Build a list of other things than stores.

    :param title: what they are

    :param path: the address of the list

    :param places: the things

    """
    heading(title)
    if not places:
        option = "--states" if path == "/states" else "--backups"
        empty(
            f"No {title.lower()}",
            f"Give their URLs with {option} when you start the panel:",
            f"stash ui {option} sqlite:{path[1:]}.db",
        )
        return
    with ui.element("div").classes("cards"):
        for place in places:
            link_card(
                f"{path}/{place.number}", place.name, type(place.content).__name__
            ).set_text("")

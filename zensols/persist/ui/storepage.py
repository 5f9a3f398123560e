"""The page of a store: its keys, and what is known of them."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import quote

from nicegui import ui

from ..domain import Stash
from ..stash.layers import innermost
from ..stash.wording import escape, size_text, unescape
from .figures import Figures, bars, figure_out
from .keylist import KeyList
from .layout import (
    aside_card,
    attempt,
    close_button,
    complain,
    empty,
    has_browser,
    heading,
    plain,
    show_aside,
    undo_bar,
    warn,
)
from .listing import Listing, Order
from .panel import Panel, Place
from .preview import look_at
from .previewcard import show_preview
from .trash import Deletion

__all__ = ["show_store"]


async def show_store(panel: Panel, place: Place[Stash[Any]], key: str = "") -> None:
    """Build the page of a store.

    :param panel: what is shown

    :param place: the store

    :param key: the key to show first, printable

    """
    page = _StorePage(panel, place)
    page.build()
    if await has_browser():
        await page.list_keys()
        if key:
            await page.show(unescape(key))


class _StorePage:
    def __init__(self, panel: Panel, place: Place[Stash[Any]]) -> None:
        self.panel = panel
        self.place = place
        self.stash = place.content
        self.key: str | None = None
        self.asked = 0

    def build(self) -> None:
        with ui.element("div").classes("line"):
            heading(self.place.name).classes("grow")
            ui.label(type(innermost(self.stash)).__name__).classes("badge")
        with ui.tabs().props("align=left dense no-caps") as tabs:
            keys = ui.tab("Keys")
            charts = ui.tab("Charts")
        self.undo = ui.element("div").props("role=status")
        with ui.element("div").classes("split") as self.split:
            self._build_list()
            self._build_aside()
        self.charts = ui.element("div").classes("cards")
        self.charts.set_visibility(False)

        async def switch() -> None:
            self.split.set_visibility(tabs.value == keys.props["name"])
            self.charts.set_visibility(tabs.value == charts.props["name"])
            if self.charts.visible:
                await self.draw()

        tabs.set_value("Keys")
        tabs.on_value_change(switch)

    def _build_list(self) -> None:
        with ui.element("section").classes("card").props('aria-label="Keys"'):
            with ui.element("div").classes("line"):
                self.search = (
                    ui.input("Search keys")
                    .props("outlined dense clearable debounce=300 type=search")
                    .classes("grow")
                )
                self.order = (
                    ui.select(
                        {order: order for order in get_args(Order)},
                        value="stored",
                        label="Sort by",
                    )
                    .props("outlined dense options-dense")
                    .style("min-width: 7.5rem")
                )
            self.count = ui.label("Looking …").classes("dim").props("role=status")
            self.keys = KeyList("Keys", self.show, lambda e: warn(plain(e)))
            self.nothing = ui.element("div")
        self.search.on_value_change(self.list_keys)
        self.order.on_value_change(self.list_keys)

    def _build_aside(self) -> None:
        self.aside = aside_card("Value")
        with self.aside:
            ui.label("Choose a key to see its value.").classes("dim")

    async def list_keys(self, keep: bool = False) -> None:
        self.asked += 1
        asked = self.asked
        match = (self.search.value or "").strip()
        listing, problem = await attempt(
            Listing.find, self.stash, unescape(match), self.order.value
        )
        count: int | None = None
        if listing is not None:
            try:
                count = await self.keys.show(listing, keep)
            except Exception as e:  # noqa: BLE001  shown below, whatever the store
                problem = plain(e)
        if asked != self.asked:
            # Somebody types, and something else has been asked for meanwhile.
            return
        self.nothing.clear()
        self.keys.set_visibility(bool(count))
        with self.nothing:
            if problem:
                self.count.set_text("")
                complain(problem, "The store can't be read")
            elif not count and match:
                self.count.set_text("No keys")
                empty("No key matches", "Search for a part of a key, or user-*.")
            elif not count:
                self.count.set_text("No keys")
                empty(
                    "Nothing here",
                    "Store something, such as:",
                    f"stash put {self.place.name} KEY --json 12",
                )
            elif listing is not None:
                shown = "1 key" if count == 1 else f"{count:,} keys"
                self.count.set_text(f"{shown}. {listing.note}".rstrip(". "))

    async def show(self, key: str) -> None:
        self.key = key
        self.keys.highlight(escape(key))
        where = f"/store/{self.place.number}?key={quote(escape(key), safe='')}"
        ui.navigate.history.replace(where)
        preview, problem = await attempt(look_at, self.stash, key)
        if key != self.key:
            return
        self.aside.clear()
        show_aside(self.aside)
        with self.aside:
            with ui.element("div").classes("line"):
                heading(escape(key) or "(the empty key)", 2).classes("mono grow")
                if self.panel.write:
                    ui.button("Delete", icon="delete", on_click=self.delete).props(
                        "flat dense color=negative"
                    )
                close_button(self.aside)
            if preview is None:
                complain(problem)
            else:
                show_preview(preview)

    async def delete(self) -> None:
        if self.key is None:
            return
        key = self.key
        deletion, problem = await attempt(self.panel.delete, self.place.number, [key])
        if deletion is None:
            warn(problem)
            return
        self.aside.classes(remove="open")
        self.aside.clear()
        with self.aside:
            ui.label("Choose a key to see its value.").classes("dim")
        self._offer_undo(deletion, key)
        await self.list_keys(keep=True)

    def _offer_undo(self, deletion: Deletion, key: str) -> None:
        async def undo() -> str:
            _, problem = await attempt(self.panel.undelete, deletion)
            if not problem:
                await self.list_keys(keep=True)
                await self.show(key)
            return problem

        self.undo.clear()
        with self.undo:
            undo_bar(f"Deleted {escape(key)} ({size_text(deletion.size)}).", undo)

    async def draw(self) -> None:
        self.charts.clear()
        with self.charts:
            wait = ui.label("Looking at the entries …").classes("dim")
        figures, problem = await attempt(figure_out, self.stash)
        wait.delete()
        with self.charts:
            if figures is None:
                complain(problem, "The store can't be read")
            elif not figures.sizes:
                empty("No charts", "Nothing is known about what is stored here.")
            else:
                _draw(figures)


def _draw(figures: Figures) -> None:
    part = (
        f"the first {figures.entries:,}" if figures.is_part else f"{figures.entries:,}"
    )
    for title, pairs, across in (
        ("Size", figures.size_bars(), False),
        ("Age", figures.age_bars(), False),
        ("Type", figures.type_bars(), True),
    ):
        with ui.element("section").classes("card"):
            heading(title, 2)
            ui.echart(bars(title, pairs, across=across), renderer="svg").classes(
                "chart"
            )
            ui.label(f"{part} entries, {size_text(figures.bytes)}").classes("dim")

"""The page of snapshots: what there was when, and getting it back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from nicegui import ui

from ..domain import Stash
from ..stash.wording import escape
from . import backupview as view
from .layout import (
    aside_card,
    attempt,
    close_button,
    complain,
    empty,
    facts,
    has_browser,
    heading,
    show_aside,
    undo_bar,
    warn,
)
from .panel import Panel, Place
from .previewcard import show_changes
from .restoredialog import ask_restore

if TYPE_CHECKING:
    from ..backup import Restoration, Snapshot

__all__ = ["show_backups"]


async def show_backups(panel: Panel, place: Place[Stash[Any]]) -> None:
    """Build the page of snapshots.

    :param panel: what is shown

    :param place: where the snapshots are

    """
    page = _BackupPage(panel, place)
    heading(place.name)
    page.note = ui.element("div").props("role=status")
    page.body = ui.element("div")
    if await has_browser():
        await page.list_snapshots()


class _BackupPage:
    note: ui.element
    body: ui.element
    aside: ui.element

    def __init__(self, panel: Panel, place: Place[Stash[Any]]) -> None:
        self.panel = panel
        self.place = place
        self.snapshots: list[Snapshot] = []
        self.items: dict[str, ui.element] = {}

    async def list_snapshots(self) -> None:
        found, problem = await attempt(view.list_snapshots, self.place.content)
        restored, _ = await attempt(view.list_restorations, self.place.content)
        self.body.clear()
        with self.body:
            if found is None:
                complain(problem, "The backups can't be read")
                return
            self.snapshots = found
            with ui.element("div").classes("split"):
                with (
                    ui.element("section")
                    .classes("card")
                    .props('aria-label="Snapshots"')
                ):
                    self._build_taking()
                    self._build_timeline()
                    self._build_restorations(restored or [])
                self.aside = aside_card("Snapshot")
        if found:
            await self.show(found[0], is_asked_for=False)

    def _build_taking(self) -> None:
        if not (self.panel.write and self.panel.stores):
            return
        names = {place.number: place.name for place in self.panel.stores}

        async def take() -> None:
            button.disable()
            taken, problem = await attempt(
                self.panel.take, self.place.number, int(select.value)
            )
            button.enable()
            if taken is None:
                warn(problem)
                return
            await self.list_snapshots()

        with ui.element("div").classes("line"):
            select = ui.select(names, value=0, label="Store").props("outlined dense")
            select.classes("grow")
            button = ui.button("Take a snapshot", icon="add_a_photo", on_click=take)

    def _build_timeline(self) -> None:
        if not self.snapshots:
            empty(
                "No snapshots",
                "Take one, here or with:",
                f"stash backup now URL {self.place.name}",
            )
            return
        self.items = {}
        with ui.element("ol").classes("steps").props('tabindex="0"'):
            for taken in self.snapshots:
                with ui.element("li") as item, ui.element("div").classes("what"):
                    ui.label(view.time_text(taken.created))
                    ui.label(escape(taken.name)).classes("mono")
                    ui.label(view.snapshot_text(taken)).classes("dim")
                with item:
                    ui.button("Show", on_click=partial(self.show, taken)).props(
                        f'flat dense aria-label="Show {view.time_text(taken.created)}"'
                    )
                self.items[taken.id] = item

    def _build_restorations(self, restored: list[Restoration]) -> None:
        if not restored:
            return
        heading("Restored", 2)
        with ui.element("ul").classes("plain"):
            for done in restored:
                with ui.element("li").classes("line"):
                    state = " (interrupted)" if done.is_interrupted else ""
                    when = view.time_text(done.created)
                    text = f"{when}: {view.restoration_text(done)}{state}"
                    ui.label(text).classes("grow")
                    if self.panel.write:
                        ui.button(
                            "Undo",
                            icon="undo",
                            on_click=partial(self._undo_listed, done),
                        ).props(f'flat dense aria-label="Undo {when}"')

    async def show(self, taken: Snapshot, is_asked_for: bool = True) -> None:
        for number, item in self.items.items():
            is_it = number == taken.id
            item.classes(
                add="chosen" if is_it else "", remove="" if is_it else "chosen"
            )
        self.aside.clear()
        if is_asked_for:
            show_aside(self.aside)
        with self.aside:
            with ui.element("div").classes("line"):
                heading(view.time_text(taken.created), 2).classes("grow")
                close_button(self.aside)
            facts(
                {
                    "of": escape(taken.name),
                    "has": view.snapshot_text(taken),
                    "id": escape(taken.id),
                }
            )
            if self.panel.write and self.panel.stores:
                ui.button(
                    "Restore …", icon="restore", on_click=partial(self._ask, taken)
                ).props("outline")
            await self._build_comparison(taken)

    async def _build_comparison(self, taken: Snapshot) -> None:
        others: dict[str, Snapshot | Stash[Any]] = {}
        names: dict[str, str] = {}
        for place in self.panel.stores:
            others[f"store {place.number}"] = place.content
            names[f"store {place.number}"] = f"{place.name} as it is now"
        for other in self.snapshots:
            if other.id != taken.id:
                others[other.id] = other
                when = view.time_text(other.created)
                names[other.id] = f"{when}, {escape(other.name)}"
        if not others:
            return
        earlier = (
            other.id
            for other in self.snapshots
            if other.name == taken.name and other.created < taken.created
        )

        async def show() -> None:
            chosen = select.value
            other = others[chosen]
            is_later = not hasattr(other, "created") or other.created > taken.created
            pair = (taken, other) if is_later else (other, taken)
            found, problem = await attempt(view.compare, *pair)
            if box.is_deleted or chosen != select.value:
                return
            box.clear()
            with box:
                if found is None:
                    complain(problem)
                    return
                what = "What was done to it since" if is_later else "What it changed"
                ui.label(what).classes("dim")
                show_changes(found.changes)
                if found.is_part:
                    ui.label("… and more").classes("dim")

        select = ui.select(
            names, label="Compare with", value=next(earlier, next(iter(names)))
        ).props("outlined dense")
        select.on_value_change(show)
        box = ui.element("div")
        await show()

    def _ask(self, taken: Snapshot) -> None:
        ask_restore(self.panel, self.place.number, taken, self._restored)

    async def _restored(self, done: Restoration) -> None:
        await self.list_snapshots()
        with self.note:
            undo_bar(
                f"Restored: {view.restoration_text(done)}.", partial(self._undo, done)
            )

    async def _undo(self, done: Restoration) -> str:
        _, problem = await attempt(self.panel.undo, done)
        if not problem:
            self.note.clear()
            await self.list_snapshots()
        return problem

    async def _undo_listed(self, done: Restoration) -> None:
        problem = await self._undo(done)
        if problem:
            warn(problem)

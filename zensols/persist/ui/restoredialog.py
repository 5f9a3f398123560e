"""The dialog that asks what to restore, and shows what that would change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, Literal

from nicegui import ui

from ..stash.wording import escape
from .backupview import restoration_text, time_text
from .change import Change
from .layout import attempt, complain, heading
from .panel import Panel
from .previewcard import show_changes

if TYPE_CHECKING:
    from ..backup import Restoration, Snapshot

__all__ = ["ask_restore"]

_SHOWN: Final = 100

_MODES: dict[Literal["merge", "replace"], str] = {
    "merge": "Put back what it has, keep other keys",
    "replace": "Make the store as it was, delete other keys",
}


def ask_restore(
    panel: Panel,
    number: int,
    taken: Snapshot,
    on_done: Callable[[Restoration], Awaitable[None]],
) -> None:
    """Open the dialog.

    :param panel: what is shown

    :param number: which place the snapshot is in

    :param taken: the snapshot

    :param on_done: called with what was restored

    """

    def arguments() -> dict[str, Any]:
        return {
            "number": number,
            "taken": taken,
            "store": int(store.value),
            "mode": str(mode.value),
        }

    async def preview() -> None:
        button.disable()
        asked = arguments()
        found, problem = await attempt(_plan, panel, asked)
        if asked != arguments():
            # Something else has been chosen meanwhile.
            return
        box.clear()
        with box:
            if found is None:
                complain(problem)
                return
            text, changes = found
            ui.label(f"Would change: {text}").classes("dim")
            show_changes(changes)
        if changes:
            button.enable()

    async def restore() -> None:
        button.disable()
        done, problem = await attempt(panel.restore, **arguments())
        if done is None:
            box.clear()
            with box:
                complain(problem)
            return
        dialog.close()
        await on_done(done)

    with ui.dialog() as dialog, ui.card().style("width: 36rem; max-width: 94vw"):
        heading(f"Restore {time_text(taken.created)}", 2)
        names = {place.number: place.name for place in panel.stores}
        store = ui.select(names, label="Into", value=panel.store_of(taken.url) or 0)
        store.props("outlined dense").style("width: 100%")
        mode = ui.radio(dict(_MODES), value="merge")
        box = ui.element("div").style("width: 100%").props("aria-live=polite")
        with ui.element("div").classes("line"):
            button = ui.button("Restore", on_click=restore)
            ui.button("Cancel", on_click=dialog.close).props("flat")
    store.on_value_change(preview)
    mode.on_value_change(preview)
    dialog.on_value_change(lambda e: None if e.value else dialog.delete())
    dialog.open()
    ui.timer(0, preview, once=True)


def _plan(panel: Panel, arguments: dict[str, Any]) -> tuple[str, list[Change]]:
    plan = panel.restore(**arguments, dry_run=True)
    some = chain(
        (Change("added", escape(key)) for key in islice(plan.added, _SHOWN)),
        (Change("changed", escape(key)) for key in islice(plan.changed, _SHOWN)),
        (Change("removed", escape(key)) for key in islice(plan.removed, _SHOWN)),
    )
    return restoration_text(plan), list(some)

"""A button that takes the states of modules from a file."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable
from typing import Any, Final

from nicegui import ui

from ..error import PersistableError
from ..module.exchange import Imported, export_all, import_all, read_export
from ..stash.wording import size_text
from ..state.diff import find_differences
from .change import Change, changes_of
from .upload import file_upload

__all__ = ["import_button"]

_SHOWN: Final = 200


def import_button(
    label: str = "Import",
    *,
    max_bytes: int = 16 << 20,
    on_import: Callable[[], object] = lambda: None,
) -> ui.button:
    """Add a button to a NiceGUI page that takes the states of modules from a file that
    :func:`.export_button` made: it checks the file as a whole, shows what would change,
    asks, changes all or nothing (see :func:`.import_all`), and can undo that.

    Who can see the page can import.

    :param label: what is on the button

    :param max_bytes: how large the file may be; of a larger one no more is read

    :param on_import: called after an import, and after it was undone

    :return: the button

    """
    dialog = _ImportDialog(max_bytes, on_import)
    return ui.button(label, icon="upload", on_click=dialog.open)


class _ImportDialog:
    def __init__(self, max_bytes: int, on_import: Callable[[], object]) -> None:
        self._max_bytes = max_bytes
        self._on_import = on_import
        with (
            ui.dialog() as self._dialog,
            ui.card().style("width: 34rem; max-width: 94vw"),
        ):
            self._body = ui.element("div").style("width: 100%").props("role=region")
            self._body.props('aria-live=polite aria-label="Import"')

    def open(self) -> None:
        self._ask_for_file()
        self._dialog.open()

    def _ask_for_file(self, problem: str = "") -> None:
        self._body.clear()
        with self._body:
            self._title("Import")
            if problem:
                ui.label(problem).classes("text-negative").props("role=alert").style(
                    "overflow-wrap: anywhere"
                )
            ui.label(
                f"Choose a file that was exported here, of {size_text(self._max_bytes)} "
                f"at most. You will see what it changes before it does."
            )
            file_upload(
                "Choose or drop a file", self._max_bytes, self._look, self._ask_for_file
            ).style("width: 100%; max-height: 9rem; margin: .75rem 0")
            self._buttons(cancel="Cancel")

    async def _look(self, data: bytes) -> None:
        try:
            changes = await to_thread(self._compare, data)
        except Exception as e:  # noqa: BLE001  also what a module's backup raises
            self._ask_for_file(str(e))
            return
        self._body.clear()
        with self._body:
            self._title("Import this?" if changes else "Nothing would change")
            with (
                ui.element("ul")
                .props('tabindex=0 aria-label="Changes"')
                .style("max-height: 45vh; overflow: auto; padding: 0; list-style: none")
            ):
                for change in changes[:_SHOWN]:
                    with ui.element("li").style("overflow-wrap: anywhere"):
                        ui.label(str(change)).style("font-family: monospace")
            if len(changes) > _SHOWN:
                ui.label(f"… {len(changes) - _SHOWN:,} more")
            with self._buttons(cancel="Cancel" if changes else "Close"):
                if changes:
                    ui.button("Import", on_click=lambda: self._import(data))

    def _compare(self, data: bytes) -> list[Change]:
        new = read_export(data, max_bytes=self._max_bytes)
        old = {key: state for key, state in export_all().items() if key in new}
        return changes_of(find_differences(old, new))

    async def _import(self, source: Any) -> None:
        try:
            done = await to_thread(import_all, source, max_bytes=self._max_bytes)
        except (PersistableError, OSError) as e:
            self._ask_for_file(str(e))
            return
        self._on_import()
        self._body.clear()
        with self._body:
            self._title("Imported")
            count = len(done.keys)
            ui.label(f"{count:,} module{'' if count == 1 else 's'} took the new state.")
            with self._buttons(cancel="Done"):
                ui.button("Undo", icon="undo", on_click=lambda: self._undo(done)).props(
                    "flat"
                )

    async def _undo(self, done: Imported) -> None:
        try:
            # What this wrote itself may be as large and deep as it is.
            size = done.backup.stat().st_size
            await to_thread(import_all, done.backup, max_bytes=size, max_depth=10_000)
        except (PersistableError, OSError) as e:
            self._ask_for_file(f"It could not be undone: {e}")
            return
        self._on_import()
        self._body.clear()
        with self._body:
            self._title("Undone")
            ui.label("All is as it was before the import.")
            self._buttons(cancel="Done")

    @staticmethod
    def _title(text: str) -> None:
        ui.label(text).classes("text-h6").props("role=heading aria-level=2")

    def _buttons(self, cancel: str) -> ui.row:
        with ui.row().style("margin-top: .75rem") as row:
            ui.button(cancel, on_click=self._dialog.close).props("flat")
        return row

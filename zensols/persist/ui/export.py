"""A button that downloads the states of all modules."""

from __future__ import annotations

from asyncio import to_thread

from nicegui import ui

from ..module.document import encode
from ..module.exchange import export_all

__all__ = ["export_button"]


def export_button(
    label: str = "Export", *, filename: str = "modules.json"
) -> ui.button:
    """Add a button to a NiceGUI page that downloads the states of all modules of the
    program, as :func:`.export_all` returns them, in one JSON file.

    Who can see the page can download them.

    :param label: what is on the button

    :param filename: what the file is called

    :return: the button

    """

    def pack() -> bytes:
        return encode(export_all(), "the export")

    async def export() -> None:
        button.disable()
        try:
            data = await to_thread(pack)
        except Exception as e:  # noqa: BLE001  what a module's backup raises: shown
            ui.notify(
                f"Nothing was exported: {e}",
                type="negative",
                timeout=0,
                close_button="Close",
            )
            return
        finally:
            button.enable()
        ui.download.content(data, filename, "application/json")

    button = ui.button(label, icon="download", on_click=export)
    return button

"""A card that says how backups are doing."""

from __future__ import annotations

import os
from asyncio import to_thread
from typing import Any

from nicegui import ui

from ..backup.status import backup_status
from ..stash.wording import age_text, escape, size_text

__all__ = ["backup_status_card"]


def backup_status_card(
    backup_dir: str | os.PathLike[str] | None = None,
    *,
    title: str = "Backups",
    refresh: float = 60,
) -> ui.card:
    """Add a card to a NiceGUI page that says how old the newest good backup of each
    cache is, how many there are, when the next one is due, and what went wrong; see
    :func:`.backup_status`.

    :param backup_dir: the folder; by default that of :class:`.PersistenceHandler`

    :param title: what is above it

    :param refresh: after how many seconds to look again

    :return: the card

    """

    async def look() -> None:
        try:
            status = await to_thread(backup_status, backup_dir)
        except Exception as e:  # noqa: BLE001  whatever the folder has: shown
            _fill(body, {}, str(e))
        else:
            _fill(body, status, "")

    with ui.card().props("flat bordered") as card:
        ui.label(title).classes("text-h6").props("role=heading aria-level=2")
        body = ui.element("div").props("aria-live=polite").style("width: 100%")
        with body:
            ui.label("Looking …")
    with card:
        ui.timer(refresh, look, immediate=True)
    return card


def _fill(body: ui.element, status: dict[str, Any], problem: str) -> None:
    body.clear()
    with body:
        if problem:
            _alert(f"How the backups are doing is not known: {problem}")
            return
        if not status["caches"]:
            ui.label(f"There are no backups in {status['folder']} yet.")
        for name, cache in status["caches"].items():
            _add_cache(name, cache)
        if status["next_run"]:
            ui.label(f"Next: {_time(status['next_run'])}").classes("text-caption")
        if error := status["last_error"]:
            _alert(f"Last error: {error['message'] if 'message' in error else error}")


def _add_cache(name: str, cache: dict[str, Any]) -> None:
    with ui.row(align_items="center").style(
        "justify-content: space-between; gap: 1rem"
    ):
        is_good = cache["newest"] is not None
        ui.icon("check_circle" if is_good else "error").classes(
            "text-positive" if is_good else "text-negative"
        ).props("aria-hidden=true")
        ui.label(escape(name)).style("flex: 1; overflow-wrap: anywhere")
        if is_good:
            text = f"{age_text(cache['age'])} ago, {size_text(cache['size'])}"
        else:
            text = "no good backup"
        count = cache["count"]
        ui.label(f"{text} · {count:,} backup{'' if count == 1 else 's'}").classes(
            "text-caption"
        )
    if cache["damaged"]:
        _alert(f"{len(cache['damaged']):,} newer ones are damaged")


def _alert(text: str) -> None:
    ui.label(escape(text)).classes("text-negative").props("role=alert").style(
        "overflow-wrap: anywhere"
    )


def _time(text: str) -> str:
    return escape(text[:16].replace("T", " "))

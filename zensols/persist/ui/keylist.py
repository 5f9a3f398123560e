"""The list of keys, as an element of a page."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Any, Final

from nicegui import events, ui

from ..error import PersistableError
from ..stash.wording import unescape
from .keypages import PAGE
from .listing import Listing

__all__ = ["KeyList"]

_COLUMNS: Final = ["key", "type", "size", "age", "codec"]


class KeyList(ui.element, component="keylist.js"):
    """Shows a listing, of which the browser holds only what is near the part in sight."""

    def __init__(
        self,
        label: str,
        on_choose: Callable[[str], Awaitable[None]],
        on_error: Callable[[Exception], None],
    ) -> None:
        """
        :param label: says what it lists

        :param on_choose: called with a key that was chosen

        :param on_error: called with what went wrong

        """
        super().__init__()
        self._listing: Listing | None = None
        self._version = 0
        self._on_error = on_error
        self._props["columns"] = _COLUMNS
        self._props["label"] = label
        self._props["page"] = PAGE

        async def choose(event: events.GenericEventArguments) -> None:
            await on_choose(unescape(str(event.args["key"])))

        self.on("want", self._give)
        self.on("choose", choose)

    async def show(self, listing: Listing, keep: bool = False) -> int:
        """Show a listing, and return how many keys it has.

        :param listing: the listing

        :param keep: whether to stay at the same place

        """
        self._version += 1
        version = self._version
        self._listing = listing
        rows = await to_thread(listing.rows, 0)
        if version != self._version:
            return len(rows)
        seen = listing.pages.count
        start = len(rows) if seen is None else seen
        self.run_method("start", version, start, keep)
        self.run_method("fill", version, 0, rows)
        if seen is not None:
            return seen
        count = await to_thread(listing.count)
        self.run_method("grow", version, max(count, start))
        return max(count, start)

    def highlight(self, key: str | None) -> None:
        """Mark the key that is shown.

        :param key: the key, printable

        """
        self._props["opened"] = key
        self.update()

    async def _give(self, event: events.GenericEventArguments) -> None:
        args: dict[str, Any] = event.args
        number, version = int(args["page"]), int(args["version"])
        listing = self._listing
        if listing is None or version != self._version or number < 0:
            return
        try:
            rows = await to_thread(listing.rows, number)
        except PersistableError as e:
            self._on_error(e)
            return
        self.run_method("fill", version, number, rows)

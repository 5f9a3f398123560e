"""Find out who calls."""

from __future__ import annotations

import sys

__all__ = ["is_called_by_coroutine"]


def is_called_by_coroutine() -> bool:
    """Return whether the caller runs in an event loop, so that others have to wait
    for it; not in a notebook, all of whose cells do.

    >>> is_called_by_coroutine()
    False

    """
    # A program that has not loaded it has no loop.
    events = sys.modules.get("asyncio.events")
    if events is None or events._get_running_loop() is None:
        return False
    return "ipykernel" not in sys.modules

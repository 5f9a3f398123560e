"""Threads of the tests, and where they are."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any


def in_thread(target: Callable[..., Any], *args: Any) -> threading.Thread:
    """Start a thread."""
    thread = threading.Thread(target=target, args=args)
    thread.start()
    return thread


def is_within(thread: threading.Thread, function: str) -> bool:
    """Whether a thread is in a function of this name."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_name == function:
            return True
        frame = frame.f_back
    return False


def is_waiting(thread: threading.Thread) -> bool:
    """Whether a thread waits for something that another one does."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code.co_name == "wait"

"""What is printed or logged on a terminal while something is shown there live."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["above"]


@contextmanager
def above(console: Console) -> Iterator[None]:
    """Have the lines that this process prints and logs on a console's terminal
    appear above what the console shows live.  What goes elsewhere, such as standard
    output into a file, still does, and a forked process writes as ever.

    ``sys.stdout``, ``sys.stderr`` and the streams of logging's handlers are replaced
    meanwhile, but for those that somebody else replaces, too.

    Safe to print from any thread; to be entered by one at a time.

    :param console: where something is shown live

    >>> from rich.console import Console
    >>> with above(Console(stderr=True)):
    ...     print("nothing is shown live here")
    nothing is shown live here

    """
    with ExitStack() as stack:
        ours: dict[int, _Stream] = {}
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if _is_same_file(stream, console.file):
                ours[id(stream)] = new = _Stream(stream, console)
                stack.callback(new.end)
                setattr(sys, name, new)
                stack.callback(_restore, name, new)
        for handler in _stream_handlers():
            if (found := ours.get(id(handler.stream))) is not None:
                handler.setStream(found)
                stack.callback(_restore_of, handler, found)
        yield


def _restore(name: str, stream: _Stream) -> None:
    if getattr(sys, name) is stream:
        setattr(sys, name, stream.original)


def _restore_of(handler: logging.StreamHandler[Any], stream: _Stream) -> None:
    if handler.stream is stream:
        handler.setStream(stream.original)


def _stream_handlers() -> Iterator[logging.StreamHandler[Any]]:
    loggers: Iterable[Any] = [logging.root, *logging.root.manager.loggerDict.values()]
    found = {id(h): h for log in loggers for h in getattr(log, "handlers", ())}
    return (h for h in found.values() if isinstance(h, logging.StreamHandler))


def _is_same_file(stream: Any, other: Any) -> bool:
    try:
        return os.path.sameopenfile(stream.fileno(), other.fileno())
    except (AttributeError, OSError, ValueError):
        return False


class _Stream:
    """A stream whose whole lines go to the console, as long as that is wanted."""

    def __init__(self, stream: Any, console: Console) -> None:
        self.original = stream
        self._console = console
        # One that a signal's handler, which may print, can have again.
        self._lock = threading.RLock()
        self._rests: dict[int, str] = {}
        self._owner: int | None = os.getpid()

    def write(self, text: str) -> int:
        if os.getpid() != self._owner:
            written: int = self.original.write(text)
            return written
        # Each thread's, since print writes the end of a line by itself.
        thread = threading.get_ident()
        with self._lock:
            *lines, rest = (self._rests.pop(thread, "") + text).split("\n")
            if rest:
                self._rests[thread] = rest
            if lines:
                self._show("\n".join(lines))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def end(self) -> None:
        """Let all go to the stream from now on, whoever still has this one."""
        with self._lock:
            self._owner = None
            rests, self._rests = self._rests, {}
        self.original.write("".join(rests.values()))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def _show(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text.from_ansi(text), soft_wrap=True, highlight=False)

"""A bar on the terminal, or in a notebook."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from .above import above
from .error import MultiProcessError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    from .progress import Progress

__all__ = ["Bar"]

_INTERVAL: Final = 0.1
"""After how many seconds of a run it is shown again: sooner would only cost time."""


class Bar:
    """Shows on standard error how far a run is: how many of its items are done, how
    fast, how long the rest takes, the workers, and the failures.

    It is there from the first time on that something is to be shown.  Bars that are
    shown at once are below each other; what is printed or logged meanwhile, and
    bars that have ended before others, are above them.

    For one thread at a time; other bars may be other threads'.

    >>> from zensols.multi.progress import Progress
    >>> with Bar("Words") as bar:
    ...     bar.show(Progress("running", 100, 0, 30, 0, workers=2, seconds=1.5))

    """

    def __init__(self, title: str) -> None:
        """
        :param title: what the run is of

        :raises MultiProcessError: if rich is not installed

        """
        try:
            import rich  # noqa: F401  if it's there, so are its modules
        except ImportError as e:
            raise MultiProcessError(
                f"The bar for {title} needs a package that is not installed: run "
                f"pip install 'zensols.persist[cli]', or leave progress at None, "
                f"which logs lines without it"
            ) from e
        self.title = title
        """What the run is of."""

    @staticmethod
    def is_possible() -> bool:
        """Whether a bar would be seen, and this process is not a worker of another."""
        from multiprocessing import parent_process

        return (
            parent_process() is None
            and find_spec("rich") is not None
            and (_is_on_terminal() or _is_in_notebook())
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _display.remove(self)

    def show(self, progress: Progress) -> None:
        """Show how far the run is, a little later if it has just been shown.

        :param progress: how far

        """
        _display.show(self, progress)


class _Display:
    """The bars of this process, for any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._bars: dict[Bar, Progress] = {}
        self._shown: dict[Bar, Progress] = {}
        self._live: Live | None = None
        self._context = ExitStack()

    def show(self, bar: Bar, progress: Progress) -> None:
        with self._lock:
            self._bars[bar] = progress
            if self._live is None:
                self._live = self._start()
            last = self._shown.get(bar)
            if self._live.is_started and (
                last is None
                or last.state != progress.state
                or progress.seconds - last.seconds >= _INTERVAL
            ):
                self._shown[bar] = progress
                self._attempt(self._live.refresh)

    def remove(self, bar: Bar) -> None:
        with self._lock:
            if len(self._bars) == 1 and bar in self._bars:
                self._attempt(self._context.close)
                self._live = None
            progress = self._bars.pop(bar, None)
            self._shown.pop(bar, None)
            if self._live is not None and self._live.is_started and progress:
                self._attempt(self._live.refresh)
                # Above the others, where it stays.
                line = _make_table([(bar, progress)])
                self._attempt(partial(self._live.console.print, line))

    def _start(self) -> Live:
        from rich.live import Live

        console = _make_console()
        live = Live(
            console=console,
            # A thread for that would make forks unsafe.
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=lambda: _make_table(self._bars.items()),
        )
        if not console.is_jupyter:
            self._context.enter_context(above(console))
        self._context.callback(live.stop)
        self._attempt(live.start)
        if console.is_interactive:
            # One that is hidden stays so if we are killed.
            self._attempt(console.show_cursor)
        return live

    def _attempt(self, show: Callable[[], object]) -> None:
        try:
            show()
        except OSError:
            # The terminal is gone: nobody sees it any more, but the work goes on.
            with suppress(OSError):
                self._context.close()


_display: Final = _Display()

if hasattr(os, "register_at_fork"):
    # The terminal is the parent's.
    os.register_at_fork(after_in_child=_display.__init__)  # type: ignore[misc]


def _is_on_terminal() -> bool:
    # What rich is told of terminals by the environment is heeded, but that a log
    # file is to have colors makes no terminal of it.
    return bool(
        sys.stderr is not None
        and not sys.stderr.closed
        and sys.stderr.isatty()
        and _find_console().is_interactive
    )


def _is_in_notebook() -> bool:
    return (
        "ipykernel" in sys.modules
        and find_spec("ipywidgets") is not None
        and _find_console().is_jupyter
    )


def _find_console(force_terminal: bool | None = None) -> Console:
    from rich.console import Console

    # The stream of now, even if another takes its place.
    return Console(file=sys.stderr, stderr=True, force_terminal=force_terminal)


def _make_console() -> Console:
    console = _find_console()
    if console.is_terminal or console.is_jupyter:
        return console
    return _find_console(force_terminal=True)


def _make_table(bars: Iterable[tuple[Bar, Progress]]) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Column, Table
    from rich.text import Text

    table = Table.grid(
        Column(no_wrap=True), Column(max_width=40), Column(no_wrap=True), padding=(0, 1)
    )
    for bar, progress in bars:
        figures = Text(" ").join(Text(*figure) for figure in _figures(progress))
        line = ProgressBar(_find_total(progress), progress.settled)
        table.add_row(Text(bar.title), line, figures)
    return table


def _figures(progress: Progress) -> Iterator[tuple[str, str]]:
    """Yield the words of the line, and their styles."""
    total = _find_total(progress)
    shown = "?" if total is None else f"{total:,}"
    yield f"{progress.settled:,}/{shown}", "progress.download"
    if progress.pace:
        yield progress.pace, ""
    if progress.state == "running":
        if progress.total is not None:
            yield "ETA", ""
            yield progress.clock or "-:--:--", "progress.remaining"
        yield f"{progress.workers} worker{'s' if progress.workers != 1 else ''}", ""
    elif progress.state == "complete":
        yield f"in {progress.clock}", "progress.elapsed"
    elif progress.state != "idle":
        yield f"{progress.state} after {progress.clock}", "yellow"
    if progress.failed:
        yield f"{progress.failed:,} failed", "red"


def _find_total(progress: Progress) -> int | None:
    if progress.total is None and progress.state == "complete":
        return progress.settled
    return progress.total

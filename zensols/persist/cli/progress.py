"""Progress on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

__all__ = ["Bar"]


class Bar:
    """Shows how many entries are done, how fast, and how long the rest takes.
    Nothing is shown if standard error is no terminal.

    >>> with Bar("Copying", lambda: 10) as bar:
    ...     bar.advance(5)

    """

    def __init__(self, title: str, total: Callable[[], int | None]) -> None:
        """
        :param title: what is being done

        :param total: returns how many entries there are, or None if that isn't
                      known; only called if it is shown

        """
        self._title = title
        self._total = total
        self._context = ExitStack()
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            total = self._total()
            self._progress = self._context.enter_context(_progress())
            self._task = self._progress.add_task(self._title, total=total)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._context.close()

    def advance(self, count: int = 1) -> None:
        """Show that more are done.

        :param count: how many

        """
        if self._progress is not None:
            self._progress.advance(self._task, count)

    def update(self, done: int) -> None:
        """Show how many are done.

        :param done: how many altogether

        """
        if self._progress is not None:
            self._progress.update(self._task, completed=done)

    def tell(self, done: int, total: int) -> None:
        """Show how many are done, of how many.

        :param done: how many altogether

        :param total: how many there are

        """
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total)


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """How many are done in a second."""

        def render(self, task: Task) -> Text:
            seconds = task.finished_time or task.elapsed
            return Text(f"{task.completed / seconds:,.0f}/s" if seconds else "")

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )

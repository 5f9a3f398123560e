"""How far the work has come, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence


def progress(names: Sequence[str], total: int) -> Iterator[str]:
    """Yield the last ones of all names, showing a bar on a terminal, and
    elsewhere a line for every hundredth.

    :param names: those that are still to be done

    :param total: how many there are with those that have been done

    """
    done = total - len(names)
    if sys.stderr.isatty() and names:
        yield from _bar(names, done)
    else:
        for i, name in enumerate(names, done + 1):
            yield name
            if i % 100 == 0:
                print(f"{i} of {total} modules", file=sys.stderr, flush=True)


def _bar(names: Sequence[str], done: int) -> Iterator[str]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description:20.20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=done + len(names), completed=done)
        for name in names:
            bar.update(task, description=name)
            yield name
            bar.advance(task)

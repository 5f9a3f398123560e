"""What workers do in the tests; processes import it by its name."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from zensols.multi.orphan import watch_parent

BOUND = 60.0
"""Seconds after which something is taken never to happen."""


def await_that(condition: Callable[[], object], seconds: float = BOUND) -> bool:
    """Return whether something comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    """Return whether a process is there, and not merely its exit code."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(") ")[2][0] not in "ZX"


def announce(folder: Path) -> None:
    """Leave a file that is called as this process is."""
    (folder / str(os.getpid())).touch()


def announced(folder: Path) -> list[int]:
    """The processes that have left one."""
    return [int(path.name) for path in folder.iterdir()]


def spin(folder: Path) -> None:
    """Never end, in Python."""
    announce(folder)
    while True:
        pass


def sleep(folder: Path) -> None:
    """Hardly ever end, in C."""
    announce(folder)
    time.sleep(100_000)


def hog(folder: Path) -> None:
    """Never end, in C, and let no other thread run."""
    announce(folder)
    re.match(r"(a|a)+$", "a" * 60 + "b")


def freeze(folder: Path) -> None:
    """Stop until somebody has this process go on."""
    announce(folder)
    os.kill(os.getpid(), signal.SIGSTOP)


def watch_late(folder: Path, parent: int) -> None:
    """Watch the parent when it is dead."""
    announce(folder)
    assert await_that(lambda: not is_alive(parent))
    watch_parent(parent)
    time.sleep(100_000)


def die() -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_file(path: Path) -> int:
    """Return this process's id when there is a file."""
    assert await_that(path.exists)
    return os.getpid()


def meet(folder: Path, workers: int) -> int:
    """Return this process's id when so many processes have come here."""
    announce(folder)
    assert await_that(lambda: len(announced(folder)) >= workers)
    return os.getpid()


def describe_signals() -> dict[str, str]:
    """How this process, and a program that it runs, take signals."""
    code = "import signal; print(signal.getsignal(signal.SIGINT).__name__)"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return {
        "INT": getattr(signal.getsignal(signal.SIGINT), "__name__", "?"),
        "TERM": str(signal.getsignal(signal.SIGTERM)),
        "USR1": str(signal.getsignal(signal.SIGUSR1)),
        "HUP": str(signal.getsignal(signal.SIGHUP)),
        "blocked": str(sorted(blocked)),
        "wakeup": str(signal.set_wakeup_fd(-1)),
        "child": child.stdout.strip(),
    }

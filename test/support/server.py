"""What the servers that the tests start have in common."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def free_port() -> int:
    """Return a port of the loopback device that nobody listens on.

    On Linux it stays reserved until this process ends: servers, which set the same
    option, can listen on it again and again, but while they don't, no other process
    that asks for any port gets it, nor does a connection that begins.

    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        if sys.platform == "linux":
            # It stays open, and nobody misses its being closed.
            holder.detach()
    return port


class Server:
    """A server's process, which can be killed and started again on the same port
    and data.

    A subclass says how to start it and when it is ready.  Use it as a context
    manager; none outlives the process of the tests.

    """

    seconds_to_start = 60.0

    def __init__(self, folder: Path) -> None:
        """
        :param folder: where the data is, and the log

        """
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """Return what to run."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Return whether the server answers."""
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """Return more arguments of :class:`subprocess.Popen`."""
        return {}

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self.options(),
            )
        end = time.monotonic() + self.seconds_to_start
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                log_text = (self.folder / "server.log").read_text(errors="replace")
                raise RuntimeError(f"{type(self).__name__} didn't start:\n{log_text}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop."""
        self._end(signal.SIGINT)

    def pause(self) -> None:
        """Have it hang, so that connections get no answer."""
        assert self.process is not None
        suspend(self.process.pid)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def suspend(pid: int) -> None:
    """Stop a process for a while, and return when it does nothing more.

    :param pid: its id

    """
    os.kill(pid, signal.SIGSTOP)
    # All its threads stop some time after the signal is sent.
    tasks = Path(f"/proc/{pid}/task")
    while not all(map(_stands_still, tasks.iterdir())):
        time.sleep(0.001)


def _stands_still(task: Path) -> bool:
    try:
        status = (task / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        # It has ended since it was listed.
        return True
    return status.rpartition(") ")[2][0] in "TZX"


def environment_url(engine: str) -> str | None:
    """Return the URL of a server that is already there, if the user gave one.

    :param engine: as in ``PERSIST_TEST_POSTGRES_URL``

    """
    return os.environ.get(f"PERSIST_TEST_{engine.upper()}_URL")


PYTHON = sys.executable

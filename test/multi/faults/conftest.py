from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import chores
import pytest
from labour import BOUND, await_that

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).parent / "filler.py"


class Program:
    """A program in a session of its own, as of a terminal."""

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        paths = [str(ROOT), str(Path(chores.__file__).parent)]
        # Sockets don't take a long path.
        self.scratch = Path(tempfile.mkdtemp(prefix="filler-"))
        self.errors = folder / "errors"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(folder), json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(paths),
                    "TMPDIR": str(self.scratch),
                },
                text=True,
                start_new_session=True,
            )
        self.said: list[str] = []
        self.shared: set[Path] = set()
        """What it had in the system's shared memory when that was noted."""

    def wait_for(self, beginning: str) -> str:
        """Return the next line that begins so."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            self.said.append(line.rstrip("\n"))
            if line.startswith(beginning):
                return self.said[-1]
        raise AssertionError(f"no {beginning!r}: {self.said}, {self.complaints()}")

    def note_shared(self) -> None:
        """Note what of the system's shared memory it has."""
        self.shared |= _shared_memory(self.members())

    def go(self) -> None:
        """Give it a line of input."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def interrupt(self) -> None:
        """Do what a terminal does on Ctrl-C."""
        self.note_shared()
        os.killpg(self.process.pid, signal.SIGINT)

    def finish(self, code: int = 0) -> list[str]:
        """Return what it has said when it has ended.

        :param code: the exit code that it must have

        """
        out, _ = self.process.communicate(timeout=BOUND)
        self.said += out.splitlines()
        assert self.process.returncode == code, self.complaints()
        return self.said

    def complaints(self) -> str:
        """What it wrote on standard error."""
        return self.errors.read_text()

    def members(self) -> list[int]:
        """The processes of its session."""
        return [pid for pid in _all_processes() if _session(pid) == self.process.pid]


def _all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _shared_memory(pids: list[int]) -> set[Path]:
    """The files of shared memory, semaphores among them, that processes have."""
    maps = []
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            maps += Path(f"/proc/{pid}/maps").read_text().splitlines()
    paths = (line.rpartition(" ")[2] for line in maps if "/dev/shm/" in line)
    return {Path(path) for path in paths if path != "(deleted)"}


def _session(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, _, _, session = status.rpartition(") ")[2].split()[:4]
    return None if state in "ZX" else int(session)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts a program, and leaves none of its processes."""
    programs: list[Program] = []

    def start_program(**options: Any) -> Program:
        programs.append(Program(tmp_path, options))
        return programs[-1]

    yield start_program
    for program in programs:
        with program.process:
            # Reads of its pipes end when none of its workers has them any more.
            for pid in program.members():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert await_that(lambda program=program: not program.members())
        shutil.rmtree(program.scratch)

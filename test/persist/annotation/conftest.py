from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[Start]:
    """Starts Python programs in the test's folder, none of which outlives it."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *args],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run_python(start_python: Start) -> Callable[..., str]:
    """Runs a Python program and returns what it prints."""

    def run(code: str, *args: str) -> str:
        process = start_python(code, *args)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return out

    return run


class Computation:
    """Counts how often it is called, and gives other threads the time to call it
    too, should they be let in.

    """

    def __init__(self) -> None:
        self.calls = 0
        self._called_again = threading.Event()

    def __call__(self) -> object:
        self.calls += 1
        if self.calls > 1:
            self._called_again.set()
        self._called_again.wait(0.2)
        return object()


@pytest.fixture
def computation() -> Computation:
    return Computation()

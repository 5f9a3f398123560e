"""Other processes, really started and really killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

ROOT = Path(__file__).parents[3]

StartPython = Callable[..., "Popen[str]"]


@pytest.fixture
def start_python() -> Iterator[StartPython]:
    """Starts a Python process with code and arguments, killed after the test."""
    children: list[Popen[str]] = []

    def start(code: str, *args: object, **environment: str) -> Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, args)],
            stdin=PIPE,
            stdout=PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        children.append(child)
        return child

    yield start
    for child in children:
        with child:
            child.kill()

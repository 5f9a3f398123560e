"""Programs of their own, each with its own ``__main__``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

_BOUND = 150
"""Seconds after which a program is taken to hang."""


def run_script(folder: Path, code: str, *args: str) -> str:
    """Run a program from a file and return what it printed."""
    script = folder / "script.py"
    script.write_text(dedent(code), "utf-8")
    return _run([str(script), *args])


def run_code(code: str, *args: str) -> str:
    """Run a program that has no file, and return what it printed."""
    return _run(["-c", dedent(code), *args])


def _run(args: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, *args],
        check=False,
        capture_output=True,
        text=True,
        timeout=_BOUND,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()

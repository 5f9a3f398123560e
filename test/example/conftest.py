"""Running the examples as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of the examples."""
    return ROOT / "example"


@pytest.fixture
def environment(in_tmp: Path) -> dict[str, str]:
    """Lets a process find the package, and keep its files in a folder."""
    temporary = in_tmp.parent / f"{in_tmp.name}-tmp"
    temporary.mkdir()
    return {
        **os.environ,
        "COLUMNS": "80",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "TMPDIR": str(temporary),
        "XDG_CACHE_HOME": str(temporary),
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in the temporary folder, and returns what it printed."""

    def run(script: Path, *args: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, script, *args],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run

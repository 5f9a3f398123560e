"""The installed command, run as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMAND = str(Path(sys.executable).with_name("stash"))

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    return kept | {"PYTHONWARNINGS": "error", "TERM": "xterm"} | more


@pytest.fixture
def command() -> str:
    """The path of the installed command."""
    return COMMAND


@pytest.fixture
def stash(in_tmp: Path) -> Run:
    """Runs the command in a temporary folder."""

    def run(
        *arguments: str, code: int = 0, stdin: str = "", **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=in_tmp,
            env=environment(**env),
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def clean_environment() -> dict[str, str]:
    return environment()


@pytest.fixture
def filled(in_tmp: Path) -> Any:
    """A stash of three entries at ``dir:data``."""
    from zensols.persist import DirectoryStash

    stash: DirectoryStash[Any] = DirectoryStash(Path("data"))
    stash["a"] = [1, 2]
    stash["b"] = {"x": None}
    stash["long"] = "text" * 1000
    return stash

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import zensols.persist

ROOT = Path(zensols.persist.__file__).parents[2]

SMALL = 2 << 20
"""How many bytes a small file system has room for."""

StartPython = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start_python() -> StartPython:
    """Starts a script with arguments, its input and output being pipes."""

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )

    return start


@pytest.fixture
def run_python(start_python: StartPython) -> Callable[..., str]:
    """Runs a script to its end and returns what it has said."""

    def run(code: str, *arguments: object) -> str:
        with start_python(code, *arguments) as child:
            out, error = child.communicate()
        assert child.returncode == 0, error
        return out

    return run


@pytest.fixture
def mount() -> Callable[..., None]:
    """Mounts what it is told to on a folder."""

    def mount(folder: Path, *arguments: str) -> None:
        command = ["mount", *arguments, str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as e:
            pytest.skip(f"can't mount: {e}")

    return mount


@pytest.fixture
def small(tmp_path: Path, mount: Callable[..., None]) -> Iterator[Path]:
    """A file system with little room."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount(folder, "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)

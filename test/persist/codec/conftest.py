from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from zensols.persist.codec import SignedPickleCodec

ROOT = Path(__file__).parents[3]
KEY = "42" * 32


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def codec() -> SignedPickleCodec:
    return SignedPickleCodec(KEY)


@pytest.fixture
def bomb(tmp_path: Path) -> Iterator[Bomb]:
    """What must not be unpickled, and was not by the end of the test."""
    bomb = Bomb(tmp_path / "the bomb went off")
    yield bomb
    assert not bomb.path.exists()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of this test's own user's key, which isn't there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "zensols.persist" / "key"


@pytest.fixture
def start_python() -> Iterator[Callable[..., Popen[str]]]:
    """Starts a Python program, which doesn't outlive the test."""
    children: list[Popen[str]] = []

    def start(code: str, *args: object, **environment: str) -> Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, *map(str, args)],
            stdin=PIPE,
            stdout=PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def run_python(start_python: Callable[..., Popen[str]]) -> Callable[..., str]:
    """Runs a Python program and returns what it prints."""

    def run(code: str, *args: object, **environment: str) -> str:
        child = start_python(code, *args, **environment)
        out, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        return out.strip()

    return run

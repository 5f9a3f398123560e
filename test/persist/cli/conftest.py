"""The installed command, run as a user does."""

from __future__ import annotations

import io
import os
import pty
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
def call(
    in_tmp: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs the command in this process, which takes less time, in a temporary
    folder.
    """
    from zensols.persist.cli.app import run

    def call(
        *arguments: str, code: int = 0, stdin: str = "", **env: str
    ) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        data = io.BytesIO(stdin.encode("utf-8", "surrogatepass"))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
        found = run(list(arguments))
        out, err = capsys.readouterr()
        assert found == code, (found, out, err)
        return subprocess.CompletedProcess(list(arguments), found, out, err)

    return call


@pytest.fixture
def clean_environment() -> dict[str, str]:
    return environment()


@pytest.fixture
def interrupted_environment() -> dict[str, str]:
    """For a command that is interrupted anywhere, also between the opening of
    something and what would close it.
    """
    return environment(PYTHONWARNINGS="error,ignore::ResourceWarning")


@pytest.fixture
def answer(in_tmp: Path) -> Callable[..., tuple[int, str]]:
    """Runs the command for somebody who gives an answer on a terminal, and returns
    the exit code and what was asked.
    """

    def answer(*arguments: str, given: bytes) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [COMMAND, *arguments],
            stdin=theirs,
            stderr=subprocess.PIPE,
            env=environment(),
        ) as process:
            os.close(theirs)
            os.write(ours, given)
            _, asked = process.communicate()
        os.close(ours)
        return process.returncode, asked.decode()

    return answer


@pytest.fixture
def absolute(in_tmp: Path) -> Callable[[str], str]:
    """Returns the URL with an absolute path of a store in the temporary folder, which
    is what its snapshots are called.
    """

    def absolute(url: str) -> str:
        scheme, _, path = url.partition(":")
        return f"{scheme}://{in_tmp}/{path}"

    return absolute


@pytest.fixture
def data_name(absolute: Callable[[str], str]) -> str:
    """What the snapshots of ``dir:data`` are called."""
    return absolute("dir:data")


@pytest.fixture
def filled(in_tmp: Path) -> Any:
    """A stash of three entries at ``dir:data``."""
    from zensols.persist import DirectoryStash

    stash: DirectoryStash[Any] = DirectoryStash(Path("data"))
    stash["a"] = [1, 2]
    stash["b"] = {"x": None}
    stash["long"] = "text" * 1000
    return stash

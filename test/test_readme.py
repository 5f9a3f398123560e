"""The README's first program does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE
    )


@pytest.fixture
def program(in_tmp: Path) -> list[str]:
    (in_tmp / "program.py").write_text(blocks("python")[0], "utf-8")
    return [sys.executable, "program.py"]


def test_first_program_computes_once(program: list[str], in_tmp: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    first, second = (
        subprocess.check_output(program, cwd=in_tmp, env=env, text=True)
        for _ in range(2)
    )
    assert first.splitlines()[0] == "reading every module ..."
    assert first.splitlines()[1:] == second.splitlines()
    assert re.fullmatch(r"\[\('\w+', \d+\)(, \('\w+', \d+\))+\]\n", second)


def test_first_program_is_short() -> None:
    assert len(blocks("python")[0].splitlines()) <= 15


def test_first_screen_names_the_two_commands() -> None:
    screen = "\n".join(README.splitlines()[:50])
    assert "make demo" in screen
    assert "make test" in screen


def test_links_lead_to_files() -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_stacked_program_prints_what_it_says(in_tmp: Path) -> None:
    (in_tmp / "program.py").write_text(blocks("python")[1], "utf-8")
    printed = subprocess.check_output(
        [sys.executable, "program.py"],
        cwd=in_tmp,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    said = re.findall(r"# (\{.*?\})", blocks("python")[1])
    assert printed.splitlines() == said * 2


@pytest.mark.parametrize("number", range(2, len(blocks("python"))))
def test_other_programs_run(number: int, in_tmp: Path) -> None:
    program = blocks("python")[number]
    (in_tmp / "program.py").write_text(program, "utf-8")
    printed = subprocess.check_output(
        [sys.executable, "program.py"],
        cwd=in_tmp,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    said = re.findall(r"^ *print.*# ([^,\n]+?)(?:, .*)?$", program, re.MULTILINE)
    for text in said:
        assert text in printed

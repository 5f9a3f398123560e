"""Every example runs, and leaves nothing behind that it doesn't tell of."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "example"
SCRIPTS = {
    "agent.py": [],
    "arrays.py": [],
    "backups.py": [],
    "counter.py": [],
    "demo.py": ["--limit", "12"],
    "engines.py": [],
    "once.py": [],
    "settings.py": [],
    "trust.py": [],
}
LEFT = {"counter.py": {"counter.dat"}}
SERVERS = {"panel.py", "slider.py"}
"""Which run until they are ended, and have tests of their own."""

SAID = {"demo.py": "complete, 12 of 12 items", "engines.py": "processes: complete"}


def test_all_scripts_are_run():
    assert {path.name for path in EXAMPLES.glob("*.py")} == SCRIPTS.keys() | SERVERS


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_runs(script, run, in_tmp):
    done = run(EXAMPLES / script, *SCRIPTS[script])
    assert done.stdout
    assert SAID.get(script, "") in done.stderr
    assert script in SAID or done.stderr == ""
    assert set(os.listdir(in_tmp)) == LEFT.get(script, set())


def test_demo_runs_all_modules_of_its_package(run, environment, in_tmp):
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(in_tmp)
    run(EXAMPLES / "demo.py", "--limit", "1")
    compiled = {path.name.partition(".")[0] for path in in_tmp.rglob("census/*.pyc")}
    assert compiled == {path.stem for path in (EXAMPLES / "census").glob("*.py")}


def test_arrays_copies_on_write(run):
    lines = run(EXAMPLES / "arrays.py").stdout.splitlines()
    assert re.fullmatch(r"one: .* loaded in [\d.]+ ms, sum 1", lines[0])
    assert re.fullmatch(r"many: 128\.0MiB loaded in [\d.]+ ms, sum 16777216", lines[1])
    assert lines[2:] == ["after a change: 100 here, 1 stored"]


def test_once_computes_once(run):
    lines = run(EXAMPLES / "once.py").stdout.splitlines()
    assert re.fullmatch(r"process \d+ computes \.\.\.", lines[0])
    assert lines[1:] == ["[42, 42, 42, 42]"]


def test_trust_runs_foreign_code_only_where_told_to(run):
    attempts = run(EXAMPLES / "trust.py").stdout.strip().split("\n\n")
    first_lines = [attempt.splitlines()[1] for attempt in attempts]
    assert [line.partition(":")[0] for line in first_lines] == [
        "read 1000",
        "Wrong place",
        "Altered",
        "Not an entry",
        "whoever wrote this runs code as you!",
    ]

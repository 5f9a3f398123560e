"""The example of objects that keep their state says what it should."""

from __future__ import annotations

import json
import subprocess
import sys


def test_says_what_is_kept(run, examples):
    lines = run(examples / "settings.py").stdout.splitlines()
    assert lines == [
        "plain: speed 1.0, names []",
        "asyncio: 0 waypoints",
        "plain: speed 1.5, names ['run 1']",
        "asyncio: 2 waypoints",
        "exported: {'settings': {'speed': 2.0, 'names': ['run 1', 'run 2']}}",
        "imported ('settings',): speed 9.0",
        "undone: speed 2.0",
    ]


def test_ends_like_a_program(examples, tmp_path, environment):
    program = tmp_path / "program.py"
    program.write_text(
        f"import sys; sys.path.insert(0, {str(examples)!r})\n"
        "import settings; settings.plain()\n"
    )
    home = tmp_path / "home"
    for _ in range(2):
        subprocess.run(
            [sys.executable, program],
            check=True,
            capture_output=True,
            env={**environment, "ZENSOLS_PERSIST_HOME": str(home)},
        )
    kept = json.loads((home / "settings.json").read_text())
    assert kept == {"speed": 2.0, "names": ["run 1", "run 2"]}

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from labour import BOUND

PROGRAM = dedent(
    """
    from concurrent.futures import BrokenExecutor
    from zensols.multi.engine.main_module import is_main_importable
    from zensols.multi.engine.pool import ProcessPool

    def work():
        return True

    def check():
        pool = ProcessPool(1, "spawn")
        try:
            found = pool.submit(work).result()
        except BrokenExecutor:
            found = False
        pool.end(now=True)
        print(is_main_importable(), found)

    """
)
CHECK = 'if __name__ == "__main__": check()\n'


@pytest.mark.parametrize(
    ("command", "typed", "importable"),
    [
        (["script.py"], "", "True"),
        (["-m", "script"], "", "True"),
        (["-m", "package.script"], "", "True"),
        (["-m", "package"], "", "False"),
        (["package"], "", "False"),
        (["-c", PROGRAM + CHECK], "", "False"),
        (["-i", "-c", PROGRAM], "\ncheck()\n", "False"),
    ],
)
def test_tells_what_a_spawned_process_finds(
    command: list[str], typed: str, importable: str, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    for name in ("script.py", "package/script.py", "package/__main__.py"):
        (tmp_path / name).write_text(PROGRAM + CHECK, "utf-8")
    said = run(command, typed, tmp_path)
    assert said == [importable, importable]


def test_what_is_typed_after_a_script_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(PROGRAM, "utf-8")
    typed = "def work():\n  return 1\n\ncheck()\n"
    # Another one is, which shows that it must not be asked for by name.
    assert run(["-i", "-m", "script"], typed, tmp_path) == ["False", "True"]


def run(command: list[str], typed: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, *command],
        input=typed,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=BOUND,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()

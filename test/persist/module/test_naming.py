from __future__ import annotations

import sys
from pathlib import Path

import pytest
from programs import run_code, run_script

from zensols.persist.module.naming import default_key, is_script

SHOW = """
from zensols.persist.module.naming import default_key
class Model:
    class Inner: pass
def make():
    class Local: pass
    return Local
if __name__ != "__mp_main__":
    print(default_key(Model), default_key(Model.Inner), default_key(make()))
"""


class Outer:
    class Inner:
        pass


def test_class_of_a_module() -> None:
    assert default_key(Outer) == f"{__name__}.Outer"
    assert default_key(Outer.Inner) == f"{__name__}.Outer.Inner"
    assert not is_script(Outer)


def test_local_class() -> None:
    class Local:
        pass

    assert default_key(Local) == f"{__name__}.test_local_class.Local"


def test_class_of_a_script(tmp_path: Path) -> None:
    said = run_script(tmp_path, SHOW)
    assert said == "script.Model script.Model.Inner script.make.Local"


def test_class_of_a_package_that_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "robot"
    package.mkdir()
    (package / "__main__.py").write_text(SHOW)
    for name in (str(package), "-m", "robot"), (str(package),):
        monkeypatch.chdir(tmp_path)
        assert run_module(*name[-1:] if len(name) == 1 else name[1:]).startswith(
            "robot.Model "
        )


def run_module(*args: str) -> str:
    import subprocess

    return subprocess.run(
        [sys.executable, *args], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_class_of_no_file() -> None:
    assert run_code(SHOW).startswith("main.Model ")


def test_spawned_process_calls_it_the_same(tmp_path: Path) -> None:
    said = run_script(
        tmp_path,
        SHOW
        + """
import multiprocessing, sys
def tell(): print(__name__, default_key(Model), flush=True)
if __name__ == "__main__":
    sys.stdout.flush()
    child = multiprocessing.get_context("spawn").Process(target=tell)
    child.start()
    child.join()
""",
    )
    assert said.splitlines()[1] == "__mp_main__ script.Model"

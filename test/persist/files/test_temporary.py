from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from zensols.persist.files import (
    Sweeper,
    is_temporary,
    remove_dead,
    temporary_path,
)

StartPython = Callable[..., "Popen[str]"]

MAKE = """
import sys
from zensols.persist.files import temporary_path
path = temporary_path(sys.argv[1])
open(path, "w").close()
print(path, flush=True)
sys.stdin.read()
"""

FORK = """
import os, sys
from zensols.persist.files import temporary_path
before = temporary_path(sys.argv[1])
pid = os.fork()
if pid == 0:
    open(temporary_path(sys.argv[1]), "w").close()
    os._exit(0)
os.waitpid(pid, 0)
print(os.path.basename(before))
"""


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def make_old(path: Path, hours: float) -> None:
    path.touch()
    modified = path.stat().st_mtime - hours * 3600
    os.utime(path, (modified, modified))


@pytest.fixture
def dead_name(start_python: StartPython, tmp_path: Path) -> str:
    """The name of a temporary file of a process that has ended."""
    child = start_python(MAKE, tmp_path / "other.dat")
    path = Path(child.communicate()[0].strip())
    path.unlink()
    return path.name


def test_temporary_path_is_beside_the_target(tmp_path: Path) -> None:
    path = Path(temporary_path(str(tmp_path / "a.dat")))
    assert path.parent == tmp_path
    assert is_temporary(path.name)
    assert os.path.dirname(temporary_path("a.dat")) == ""
    assert os.path.dirname(temporary_path("/a.dat")) == "/"


def test_temporary_paths_differ_between_threads() -> None:
    found: list[str] = []

    def make() -> None:
        found.extend(temporary_path("a.dat") for _ in range(1000))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8000


def test_forked_child_uses_its_own_names(
    start_python: StartPython, tmp_path: Path
) -> None:
    inherited = start_python(FORK, tmp_path / "a.dat").communicate()[0].strip()
    (made,) = names(tmp_path)
    assert made.split("-")[0] == inherited.split("-")[0]
    assert made.split("-")[1] != inherited.split("-")[1]
    remove_dead(str(tmp_path))
    assert names(tmp_path) == []


def test_ordinary_names_are_not_temporary() -> None:
    assert not any(map(is_temporary, ["a.dat", "%.dat", "!%.dat", "", "a%!"]))


def test_remove_dead_spares_the_living(
    start_python: StartPython, tmp_path: Path
) -> None:
    child = start_python(MAKE, tmp_path / "a.dat")
    path = Path(child.stdout.readline().strip())
    own = Path(temporary_path(str(tmp_path / "a.dat")))
    own.touch()
    remove_dead(str(tmp_path))
    assert path.exists()
    child.kill()
    child.wait()
    remove_dead(str(tmp_path))
    assert not path.exists()
    assert own.exists()


def test_remove_dead_takes_old_files_of_anybody(tmp_path: Path) -> None:
    own = temporary_path(str(tmp_path / "a.dat"))
    make_old(Path(own), 25)
    make_old(tmp_path / "%!00c0ffee-1-0.tmp", 25)
    make_old(tmp_path / "%!00c0ffee-1-1.tmp", 23)
    remove_dead(str(tmp_path))
    assert names(tmp_path) == ["%!00c0ffee-1-1.tmp"]


@pytest.mark.parametrize(
    "name",
    [
        "a.dat",
        "%!mine",
        "%!00c0ffee-1-0.tmp.bak",
        "x%!00c0ffee-1-0.tmp",
        "%!00C0FFEE-1-0.tmp",
        "%!00c0ffee-1-0.tmp\n",
        "%!00c0ffee-\N{ARABIC-INDIC DIGIT ONE}-0.tmp",
    ],
)
def test_remove_dead_spares_what_is_not_ours(name: str, tmp_path: Path) -> None:
    make_old(tmp_path / name, 1000)
    remove_dead(str(tmp_path))
    assert names(tmp_path) == [name]


def test_remove_dead_survives_what_it_cannot_remove(
    tmp_path: Path, dead_name: str
) -> None:
    (tmp_path / dead_name).mkdir()
    later = dead_name.replace(".tmp", "9.tmp")
    (tmp_path / later).touch()
    remove_dead(str(tmp_path))
    assert names(tmp_path) == [dead_name]


def test_remove_dead_takes_process_ids_beyond_any_system(
    tmp_path: Path, dead_name: str
) -> None:
    token, _, number = dead_name.split("-")
    (tmp_path / f"{token}-{'9' * 19}-{number}").touch()
    remove_dead(str(tmp_path))
    assert names(tmp_path) == []


def test_remove_dead_makes_no_folder(tmp_path: Path) -> None:
    remove_dead(str(tmp_path / "missing"))
    assert names(tmp_path) == []


def test_sweeper_sweeps_at_once_then_rarely(tmp_path: Path, dead_name: str) -> None:
    dead = tmp_path / dead_name
    sweeper = Sweeper(str(tmp_path))
    swept = []
    for _ in range(50):
        dead.touch()
        sweeper.sweep()
        swept.append(not dead.exists())
    assert swept[0]
    assert not all(swept)


def test_pickled_sweeper_starts_anew(tmp_path: Path, dead_name: str) -> None:
    sweeper = Sweeper(str(tmp_path))
    sweeper.sweep()
    (tmp_path / dead_name).touch()
    pickle.loads(pickle.dumps(sweeper)).sweep()
    assert names(tmp_path) == []

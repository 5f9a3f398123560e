"""Modules whose processes are killed, whose files are damaged, or can't be written."""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.convert import replace_dataclass, to_dict
from zensols.persist.module import Keeper, ManualClock, PersistentModule, document

SCRIPT = Path(__file__).parent / "killed_modules.py"
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "kills", [20, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
@pytest.mark.parametrize("kind", ["write", "import"])
def test_killed(kind: str, kills: int, tmp_path: Path) -> None:
    seed = int(os.environ.get("PERSIST_SEED") or random.SystemRandom().getrandbits(40))
    done = subprocess.run(
        [sys.executable, SCRIPT, kind, tmp_path, str(kills), str(seed)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, f"PERSIST_SEED={seed}: {done.stderr}"
    assert done.stdout.startswith("fine ")
    assert done.stdout != "fine 0\n"


@dataclass
class Settings(PersistentModule):
    persistence_key: str
    value: Any = 1
    names: list[str] = field(default_factory=list)

    def backup(self) -> dict[str, Any]:
        return to_dict(self)  # type: ignore[no-any-return]

    def restore(self, data: dict[str, Any]) -> None:
        replace_dataclass(self, data)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZENSOLS_PERSIST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keeper(home: Path, clock: ManualClock) -> Iterator[Keeper]:
    with Keeper(clock=clock) as keeper:
        yield keeper


def value_of(path: Path) -> Any:
    return json.loads(path.read_text())["value"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits")
def test_disk_full(home: Path, run_python: Callable[..., str]) -> None:
    code = """
import logging, resource, sys
sys.path.insert(0, sys.argv[1])
import test_modules as t

logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
clock = t.ManualClock()
with t.Keeper(clock=clock):
    settings = t.Settings("a")
    path = t.Path(sys.argv[2], "a.json")
    settings.value = 2
    settings.request_backup()
    clock.advance(10)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, -1))
    settings.value = "x" * 10_000
    settings.request_backup()
    for _ in range(2):
        clock.advance(10)
        print("old:", t.value_of(path), len(t.os.listdir(sys.argv[2])))
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    clock.advance(10)
    print("new:", len(t.value_of(path)))
"""
    lines = run_python(code, Path(__file__).parent, home).splitlines()
    errors = [line for line in lines if line.startswith("ERROR")]
    assert len(errors) == 2
    assert all("'a'" in line and str(home / "a.json") in line for line in errors)
    told = [line for line in lines if line.startswith(("old", "new"))]
    # The file, and the last good one; locks; nothing temporary.
    assert told == ["old: 2 4", "old: 2 4", "new: 10000"]


@pytest.fixture
def protect(home: Path) -> Iterator[Callable[[bool], None]]:
    """Takes the right to write in a folder, and gives it again."""
    home.mkdir()
    root = os.geteuid() == 0
    if root:
        mount = ["mount", "-t", "tmpfs", "tmpfs", str(home)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as e:
            pytest.skip(f"can't mount: {e}")

    def protect(on: bool) -> None:
        if root:
            how = "remount,ro" if on else "remount,rw"
            subprocess.run(["mount", "-o", how, str(home)], check=True)
        else:
            home.chmod(0o500 if on else 0o700)

    yield protect
    protect(False)
    if root:
        subprocess.run(["umount", str(home)], check=True)


def test_folder_not_writable(
    home: Path,
    protect: Callable[[bool], None],
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (home / "a.json").write_text('{"value": 2}')
    protect(True)
    with Keeper(clock=clock):
        settings = Settings("a")
        assert settings.value == 2
        settings.value = 3
        settings.request_backup()
        for number in range(1, 3):
            clock.advance(10)
            assert value_of(home / "a.json") == 2
            assert len(caplog.records) == number
            record = caplog.records[-1]
            assert record.levelno == logging.ERROR
            assert str(home / "a.json") in record.message
        protect(False)
        clock.advance(10)
        assert value_of(home / "a.json") == 3
        assert len(caplog.records) == 2


def test_corrupt_newest_file(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Keeper(clock=ManualClock()) as keeper:
        settings = Settings("a")
        for settings.value in (2, 3):
            keeper.flush()
    path = home / "a.json"
    whole = path.read_bytes()
    # Cutting off the line's end alone does no harm.
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        caplog.clear()
        with Keeper(clock=ManualClock()):
            assert Settings("a").value == 2, length
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert str(path) in record.message
        assert "last good file" in record.message
        # Nobody changed it.
        assert path.read_bytes() == whole[:length]
    with Keeper(clock=ManualClock()):
        Settings("a").value = 5
    assert value_of(path) == 5
    assert value_of(home / "a.json.bak") == 2
    assert (home / "a.json.rejected").read_bytes() == whole[: len(whole) - 2]


def test_both_files_corrupt(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    home.mkdir()
    for name in ("a.json", "a.json.bak"):
        (home / name).write_text("{")
    with Keeper(clock=ManualClock()):
        assert Settings("a").value == 1
    assert "as it was constructed" in caplog.records[0].message


def test_unknown_fields(home: Path) -> None:
    home.mkdir()
    path = home / "a.json"
    path.write_text('{"value": 2, "names": ["x"], "of a newer release": {"deep": [1]}}')
    before = path.read_bytes()
    with Keeper(clock=ManualClock()):
        settings = Settings("a")
        assert (settings.value, settings.names) == (2, ["x"])
    # They are there until something changes, and in the last good file after that.
    assert path.read_bytes() == before
    with Keeper(clock=ManualClock()):
        Settings("a").value = 3
    assert (home / "a.json.bak").read_bytes() == before


def test_wrong_type_leaves_the_module_as_constructed(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.mkdir()
    (home / "a.json").write_text('{"value": 2, "names": ["x", 5]}')
    with Keeper(clock=ManualClock()):
        settings = Settings("a")
        assert (settings.value, settings.names) == (1, [])
    assert "names[1]" in str(caplog.records[0].exc_info)


def test_clock_set_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = threading.Event()
    replace = document.replace

    def note(*args: Any, **kwargs: Any) -> None:
        replace(*args, **kwargs)
        written.set()

    monkeypatch.setattr(document, "replace", note)
    path = home / "a.json"
    with Keeper(interval=0.01):
        settings = Settings("a")
        for number in range(2, 5):
            settings.value = number
            settings.request_backup()
            assert written.wait(60)
            written.clear()
            assert value_of(path) == number
            # Of the file, and of what is asked for the time.
            os.utime(path, (4e9, 4e9))
            now = time.time()
            monkeypatch.setattr(time, "time", lambda now=now: now - 1e8)
    monkeypatch.undo()
    os.environ["ZENSOLS_PERSIST_HOME"] = str(home)
    try:
        with Keeper(clock=ManualClock()):
            assert Settings("a").value == 4
    finally:
        del os.environ["ZENSOLS_PERSIST_HOME"]

"""The guide that the handler follows: its programs run as they stand there, imports
excepted, and the one that takes names out of file names.

"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.backup import (
    CacheStore,
    PersistenceHandler,
    backup_status,
)
from zensols.persist.files import HOME

GUIDE = Path(__file__).parent / "guide.md"
CODE = re.findall(
    r"^ *```python\n(.*?)^ *```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL
)
SHELL = re.findall(r"^```bash\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)

# The names of caches may have underscores themselves.
NAMES = """    # Parse cache name from filename
    filename = backup['filename']
    if filename.startswith('cache_'):
        cache_name = filename.split('_')[1]
        cache_backups[cache_name].append(backup)
"""
FIELD = "    cache_backups[backup['cache_name']].append(backup)\n"


def find(text: str) -> str:
    (found,) = (code for code in CODE if text in code)
    return found


class Server:
    """A program that has what the guide's programs use."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store = CacheStore()
        for name in ("users", "products", "critical_cache", "my_old_users"):
            cache = self.store.create_cache(name)
            for number in range(3):
                cache[f"{name}:{number}"] = f"{name}{number}@example.com"
        self.store.create_cache("sessions", ttl=3600)["session:1"] = {"user": 1}
        self.store.default["greeting"] = "hello"
        self.persistence = PersistenceHandler(store=self.store)
        self.handlers = [self.persistence]
        self.alerts: list[str] = []
        self.names: dict[str, Any] = {
            "store": self.store,
            "persistence": self.persistence,
            "alert": self.alerts.append,
        }

    def run(self, code: str) -> dict[str, Any]:
        code = code.replace(
            "from src.persistence_handler", "from zensols.persist.backup"
        ).replace("/custom/path/to/backups", str(self.home / "custom"))
        exec(code, self.names)
        for name in ("persistence", "persistence_handler"):
            handler = self.names.get(name)
            if handler is not None and handler not in self.handlers:
                self.handlers.append(handler)
        return self.names

    @property
    def contents(self) -> dict[str, dict[str, Any]]:
        names = [*self.store.list_caches(), "default"]
        return {name: dict(self.store[name]) for name in names}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv(HOME, str(tmp_path / "home"))
    server = Server(tmp_path)
    yield server
    for handler in server.handlers:
        handler.stop(final_backup=False)


def test_all_programs_of_the_guide_are_known() -> None:
    assert len(CODE) == 15
    assert len(SHELL) == 6


def test_configuration(server: Server) -> None:
    code = find("# Custom backup directory and interval")
    first, disable, second = code.partition("# Disable auto-backup")
    handler = server.run(first)["persistence_handler"]
    assert handler.backup_dir == server.home / "custom"
    assert handler.auto_backup_interval == 600
    assert handler.store is server.store
    handler = server.run(disable + second)["persistence_handler"]
    assert handler.backup_dir == server.persistence.backup_dir
    assert handler.auto_backup_interval == 0
    assert handler._ticker is None


def test_manual_backup(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    names = server.run(find("# Backup a specific cache"))
    assert names["success"]
    assert all(names["results"].values())
    assert capsys.readouterr().out == "Backed up 6 caches\n"


def test_listing(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.persistence.backup_all()
    names = server.run(find("# List all backups"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    pattern = r"(cache_\w+|default_store)_\d{8}_\d{6}\.json - \d+ bytes"
    assert all(re.fullmatch(pattern, line) for line in lines)
    assert len(names["user_backups"]) == 1


def test_restoring(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.persistence.backup_all()
    before = server.contents
    server.store["users"].clear()
    server.run(find("# Restore a cache from the most recent backup"))
    assert capsys.readouterr().out == "Restored: users\n"
    assert server.contents == before


@pytest.mark.parametrize(
    "text", ["# Delete backups older than 30 days", "# Run weekly or monthly"]
)
def test_cleanup(server: Server, text: str) -> None:
    for days in (100, 31, 20, 8, 1):
        path = str(server.persistence.backup_cache("users").filepath)
        when = (datetime.now().astimezone() - timedelta(days=days)).timestamp()
        os.utime(path, (when, when))
    server.run(find(text))
    left = len(server.persistence.list_backups())
    assert left == (1 if "days=7" in find(text) else 3)


def test_regular_backups(server: Server) -> None:
    handler = server.run(
        "from src.persistence_handler import PersistenceHandler\n" + find("# 5 minutes")
    )["persistence_handler"]
    assert handler.auto_backup_interval == 300
    assert server.persistence._ticker is not None
    assert server.persistence._ticker.seconds_left is None, "the newer takes over"


def test_restores_are_tested(server: Server) -> None:
    server.persistence.backup_all()
    names = server.run(find("# Test restore process"))
    assert names["test_restore"] == "critical_cache"


def test_before_maintenance(server: Server) -> None:
    server.run(find("# Manual backup before risky operations"))
    assert len(server.persistence.list_backups()) == 6


def test_deleted_cache_is_restored(server: Server) -> None:
    server.persistence.backup_all()
    before = server.contents
    server.run(find("# Cache was accidentally deleted"))
    assert server.contents == before


def test_all_are_restored_after_a_crash(server: Server) -> None:
    server.persistence.backup_all()
    before = server.contents
    for name in server.store.list_caches():
        server.store[name]["later"] = 1
    server.persistence.backup_all()
    code = find("# Get all backup files")
    assert NAMES in code
    crashed = CacheStore()
    server.names["persistence"] = PersistenceHandler(
        auto_backup_interval=0, store=crashed
    )
    server.run(code.replace(NAMES, FIELD))
    after = server.contents
    server.store = crashed
    assert server.contents == after
    assert server.contents != before


def test_rolling_back(server: Server) -> None:
    server.persistence.backup_all()
    before = server.contents
    server.store["users"]["users:1"] = "wrong"
    server.persistence.backup_all()
    server.run(find("# Find all backups for a cache"))
    assert server.contents == before


def test_too_many_files(server: Server) -> None:
    server.run("from src.persistence_handler import PersistenceHandler\n")
    names = server.run(find("# Reduce backup retention"))
    assert names["persistence_handler"].auto_backup_interval == 600


def test_larger_interval(server: Server) -> None:
    assert server.run(find("auto_backup_interval=900").strip())
    assert server.names["auto_backup_interval"] == 900


def test_monitoring(server: Server) -> None:
    monitor = server.run(find("def monitor_backups"))["monitor_backups"]
    monitor()
    assert server.alerts == ["No backups found!"]
    server.persistence.backup_all()
    server.alerts.clear()
    monitor()
    assert server.alerts == []
    when = (datetime.now().astimezone() - timedelta(minutes=11)).timestamp()
    for backup in server.persistence.list_backups():
        os.utime(backup["filepath"], (when, when))
    monitor()
    most = (datetime.now().astimezone().timestamp() - when) / 60
    (alert,) = server.alerts
    told = re.fullmatch(r"Last backup was (\d+\.\d) minutes ago", alert)
    assert told is not None
    # As of some moment since, and rounded to a tenth.
    assert 11 <= float(told[1]) <= most + 0.06


def test_monitoring_is_one_call(server: Server) -> None:
    server.persistence.backup_all()
    status = json.loads(json.dumps(backup_status()))
    assert status["age"] < 600
    assert status["size"] < 1_000_000_000
    assert status["caches"].keys() == server.contents.keys()
    assert status["next_run"] > status["caches"]["users"]["modified"]


def test_guides_example_is_restored(server: Server, tmp_path: Path) -> None:
    (example,) = re.findall(
        r"^```json\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL
    )
    path = tmp_path / "cache_users_20251115_161118.json"
    path.write_text(example)
    assert server.persistence.restore_cache(path) == "users"
    assert dict(server.store["users"]) == json.loads(example)["data"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell")
def test_commands_of_the_guide(server: Server) -> None:
    folder = server.persistence.backup_dir
    server.persistence.backup_all()
    older = server.persistence._wall_clock
    server.persistence._wall_clock = lambda: (
        datetime(2025, 11, 15, 16, 11, 18).astimezone().timestamp()
    )
    example = str(server.persistence.backup_cache("users").filepath)
    server.persistence._wall_clock = older
    assert Path(example).name == "cache_users_20251115_161118.json"
    said = {}
    for block in SHELL:
        for line in block.splitlines():
            # Those that remove what there is, or aren't about backups.
            if line.startswith(("ls ", "cat ", "python3 -m", "du ")):
                command = line.replace("~/.radish/cache_backup", str(folder))
                command = command.replace("file.json", example)
                command = command.replace("python3", sys.executable)
                done = subprocess.run(
                    ["bash", "-c", command], capture_output=True, text=True, check=True
                )
                said[line] = done.stdout
    assert len(said["ls ~/.radish/cache_backup/cache_users_*.json"].splitlines()) == 2
    assert said["ls ~/.radish/cache_backup/*_20251115_*.json"].split() == [example]
    assert said["ls ~/.radish/cache_backup/*.json | wc -l"].strip() == "7"
    printed = said[
        "python3 -m json.tool ~/.radish/cache_backup/cache_users_20251115_161118.json"
    ]
    assert json.loads(printed)["data"] == dict(server.store["users"])
    assert said["cat ~/.radish/cache_backup/cache_users_20251115_161118.json"]

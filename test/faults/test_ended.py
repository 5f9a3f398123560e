"""Programs that are ended by a signal and have both modules and caches to write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

PROGRAM = """
import os, signal, sys, threading
from zensols import persist
from zensols.persist.backup import CacheStore, PersistenceHandler

class Arm(persist.PersistentModule):
    def __init__(self):
        super().__init__(persistence_key="arm")
        self.speed = 1
    def backup(self):
        return {"speed": self.speed}
    def restore(self, data):
        self.speed = data["speed"]

arm = Arm() if sys.argv[1] == "module first" else None
store = CacheStore()
store.create_cache("users")["a"] = 1
handler = PersistenceHandler("backups", 300, store)
arm = arm or Arm()
arm.speed = 7
os.kill(os.getpid(), signal.SIGTERM)
threading.Event().wait(60)
"""


@pytest.mark.parametrize("order", ["module first", "caches first"])
def test_both_are_written(order: str, tmp_path: Path) -> None:
    home = {"ZENSOLS_PERSIST_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, order],
        cwd=tmp_path,
        env={**os.environ, **home},
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGTERM
    assert json.loads((tmp_path / "home/arm.json").read_text()) == {"speed": 7}
    (backup,) = (tmp_path / "backups").glob("cache_users_*.json")
    assert json.loads(backup.read_text())["data"] == {"a": 1}

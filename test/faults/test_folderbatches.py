"""Other processes' batches in a folder, and what is left of them if they die."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.error import LockTimeoutError
from zensols.persist.stash.directory import DirectoryStash

BATCH = """
import sys
from pathlib import Path
from zensols.persist.stash.directory import DirectoryStash

stash = DirectoryStash(Path(sys.argv[1]))
with stash.batch():
    stash["a"] = 1
    print("in", flush=True)
    sys.stdin.readline()
    stash["b"] = 2
"""


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryStash[Any]:
    return DirectoryStash(tmp_path / "data")


def test_waits_for_another_process(
    start_python: Any, stash: DirectoryStash[Any]
) -> None:
    child = start_python(BATCH, stash.path)
    assert child.stdout.readline() == "in\n"
    with (
        pytest.raises(LockTimeoutError, match=f"batch to {stash.path}"),
        stash.batch_gate().shut(timeout=0.1),
    ):
        pass
    child.stdin.write("\n")
    child.stdin.flush()
    with stash.batch_gate().shut(timeout=60):
        assert dict(stash) == {"a": 1, "b": 2}
    assert child.communicate() == ("", "")
    assert child.returncode == 0


def test_killed_writer_is_waited_for_no_more(
    start_python: Any, stash: DirectoryStash[Any]
) -> None:
    child = start_python(BATCH, stash.path)
    assert child.stdout.readline() == "in\n"
    child.send_signal(signal.SIGKILL)
    with stash.batch_gate().shut(timeout=60):
        assert dict(stash) == {"a": 1}
    child.communicate()

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from server_s3 import s3_client

import zensols.persist
from zensols.persist.domain import open_stash
from zensols.persist.error import LockTimeoutError
from zensols.persist.testing.worker import is_locked

ROOT = Path(zensols.persist.__file__).parents[2]

HOLDER = """
import sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
with stash.lock("a"):
    print("locked", flush=True)
    sys.stdin.read()
"""


def hold(url: str) -> subprocess.Popen[str]:
    """Return a process that has the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    return process


@pytest.fixture
def stash(s3_url: str) -> Any:
    stash: Any = open_stash(f"{s3_url}&lease=2")
    yield stash
    stash.close()


def locks(stash: Any) -> list[str]:
    client = s3_client(stash.storage_options["endpoint_url"])
    found = client.list_objects_v2(Bucket=urlsplit(stash.address).netloc)
    client.close()
    return [item["Key"] for item in found.get("Contents", [])]


def test_lock_is_beside_the_data_while_held(stash: Any) -> None:
    with stash.lock("a"), stash.lock("a"):
        [name] = locks(stash)
        assert name.startswith("some/.prefix.locks/")
        assert list(stash.keys()) == []
    assert locks(stash) == []


def test_owner_is_named(stash: Any, s3_url: str) -> None:
    with hold(s3_url) as process:
        with pytest.raises(LockTimeoutError, match=f"'a'.*process {process.pid} of"):
            stash.lock("a", timeout=0).__enter__()
        with stash.lock("b", timeout=0):
            pass
        process.communicate()
    with stash.lock("a", timeout=0):
        pass


def test_dead_owner_is_taken_over_and_one_that_lives_is_not(
    stash: Any, s3_url: str
) -> None:
    with hold(f"{s3_url}&lease=4") as process:
        # Without having been renewed it would be free by then.
        with pytest.raises(LockTimeoutError):
            stash.lock("a", timeout=7).__enter__()
        process.send_signal(signal.SIGKILL)
        process.wait()
        with stash.lock("a", timeout=60):
            [_] = locks(stash)
    assert locks(stash) == []


def test_one_that_stalls_finds_out(
    stash: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = s3_client(stash.storage_options["endpoint_url"])
    with stash.lock("a"):
        [name] = locks(stash)
        client.delete_object(Bucket=urlsplit(stash.address).netloc, Key=name)
    client.close()
    assert "was lost while held" in caplog.text


def test_two_processes_never_have_it_at_once(stash: Any, s3_url: str) -> None:
    code = """
import os, sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
for _ in range(5):
    with stash.lock("n"):
        stash["n"] = stash.get("n", 0) + 1
"""
    command = [sys.executable, "-c", code, s3_url]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert stash["n"] == 15


def test_foreign_object_in_the_lock_s_place_expires(stash: Any) -> None:
    client = s3_client(stash.storage_options["endpoint_url"])
    with stash.lock("a"):
        [name] = locks(stash)
    client.put_object(Bucket=urlsplit(stash.address).netloc, Key=name, Body=b"?")
    client.close()
    with pytest.raises(LockTimeoutError, match="somebody else has it"):
        stash.lock("a", timeout=0).__enter__()
    with stash.lock("a", timeout=60):
        pass


def test_threads_of_a_process_exclude_each_other(stash: Any, s3_url: str) -> None:
    other: Any = open_stash(s3_url)
    with ThreadPoolExecutor(1) as executor, stash.lock("a"):
        assert executor.submit(is_locked, other, "a").result()
        start = time.monotonic()
        with pytest.raises(LockTimeoutError, match="another thread of this process"):
            executor.submit(lambda: other.lock("a", 0.1).__enter__()).result()
        assert time.monotonic() - start > 0.05
    other.close()


def test_forked_child_has_no_lock(stash: Any) -> None:
    with stash.lock("a"):
        pid = os.fork()
        if pid == 0:
            os._exit(0 if is_locked(stash, "a") else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert len(locks(stash)) == 1

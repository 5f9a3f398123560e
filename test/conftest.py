"""What every test shares: folders of its own for configuration and data, so that no
test reads or makes the user's signing key, or changes the user's data.

"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Servers and a browser, each started when a test first asks for it.
pytest_plugins = [
    "browser",
    "server_dask",
    "server_mongo",
    "server_postgres",
    "server_redis",
    "server_s3",
]

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    # As a shell has it for what runs in the background; the tests' children would
    # inherit that, and not notice that they are interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_HOME = tempfile.TemporaryDirectory(prefix="zensols-persist-test-")
for _name in tuple(os.environ):
    if _name.startswith("ZENSOLS_PERSIST_"):
        del os.environ[_name]
os.environ["HOME"] = _HOME.name
os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_DATA_HOME"] = _HOME.name


# No test is judged by how long it took, as other work may have the processor.
settings.register_profile(
    "untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores, as many tests wait for servers and
    children.

    """
    allowed = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    cores = len(allowed(0))
    return cores + (cores + 1) // 2


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's temporary folder, as the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path

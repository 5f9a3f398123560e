"""What was measured on."""

from __future__ import annotations

import dbm
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import zensols.persist

from .workspace import base_folder, new_folder

__all__ = ["describe_machine"]

_PACKAGES = (
    "joblib",
    "diskcache",
    "zict",
    "sqlitedict",
    "numpy",
    "filelock",
    "wrapt",
    "distributed",
    "apache-burr",
    "asyncpg",
    "psycopg",
    "redis",
    "hiredis",
)


def describe_machine() -> dict[str, str]:
    """Return what a reader has to know of the machine, under headings."""
    packages = [f"zensols.persist {zensols.persist.__version__}"]
    for package in _PACKAGES:
        try:
            packages.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            packages.append(f"no {package}")
    return {
        "Date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {platform.platform()}",
        "Load at the start": f"{os.getloadavg()[0]:.1f}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Packages": ", ".join(packages),
        "shelve's DBM": _dbm(),
        "Files in": base_folder(),
    }


def _dbm() -> str:
    with new_folder() as folder:
        path = str(folder / "database")
        dbm.open(path, "c").close()
        return dbm.whichdb(path) or "unknown"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()

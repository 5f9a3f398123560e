"""What was measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .workspace import base_folder

__all__ = ["describe_machine"]

_PACKAGES = ("joblib", "diskcache", "zict", "sqlitedict", "numpy", "filelock", "wrapt")


def describe_machine() -> dict[str, str]:
    """Return what a reader has to know of the machine, under headings."""
    import dbm

    import zensols.persist

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
        "shelve's DBM": dbm._defaultmod.__name__,
        "Files in": base_folder(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zensols.persist.files import NETWORK_FILE_SYSTEMS, on_network


def test_local_folders_are_not_on_the_network(tmp_path: Path) -> None:
    assert not on_network(os.stat(tmp_path).st_dev)


def test_unknown_devices_are_not_on_the_network() -> None:
    assert not on_network(os.makedev(4000, 4000))


def test_devices_as_the_kernel_lists_them() -> None:
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        pytest.skip("needs Linux")
    seen = set()
    for line in mounts.read_text(errors="replace").splitlines():
        major, _, minor = line.split()[2].partition(":")
        kind = line.partition(" - ")[2].split()[0]
        device = os.makedev(int(major), int(minor))
        if device not in seen:
            assert on_network(device) == (kind in NETWORK_FILE_SYSTEMS)
        seen.add(device)
    assert seen

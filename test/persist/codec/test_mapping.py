from __future__ import annotations

import gc
import mmap
import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from zensols.persist.codec.mapping import (
    _live,
    limit,
    map_file,
)

SIZE = 3 * mmap.PAGESIZE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"x" * SIZE)
    return path


def map_path(path: Path, writable: bool) -> memoryview:
    fd = os.open(path, os.O_RDONLY)
    try:
        mapped = map_file(fd, SIZE, writable)
    finally:
        os.close(fd)
    assert mapped is not None
    return mapped


def test_copy_on_write(path: Path) -> None:
    mapped = map_path(path, True)
    assert mapped == b"x" * SIZE
    mapped[0:1] = b"y"
    assert mapped[:2] == b"yx"
    assert path.read_bytes() == b"x" * SIZE
    assert map_path(path, True) == b"x" * SIZE


def test_read_only(path: Path) -> None:
    mapped = map_path(path, False)
    assert mapped.readonly
    with pytest.raises(TypeError):
        mapped[0:1] = b"y"


def test_replaced_file_stays_mapped(path: Path, tmp_path: Path) -> None:
    mapped = map_path(path, False)
    other = tmp_path / "other"
    other.write_bytes(b"z")
    other.replace(path)
    assert mapped == b"x" * SIZE


def test_freed_with_the_last_view(path: Path) -> None:
    gc.collect()
    before = len(_live)
    mapped = map_path(path, True)
    part = mapped[5:10]
    del mapped
    assert len(_live) == before + 1
    assert part == b"xxxxx"
    del part
    assert len(_live) == before


def test_what_cannot_be_mapped() -> None:
    read, write = os.pipe()
    try:
        assert map_file(read, SIZE, True) is None
    finally:
        os.close(read)
        os.close(write)


def test_limit_leaves_most_to_others(run_python: Callable[..., str]) -> None:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < limit() <= files // 4
    found = run_python(
        """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from zensols.persist.codec.mapping import limit
print(limit())
"""
    )
    assert found == "64"


def test_stops_at_the_limit(path: Path, run_python: Callable[..., str]) -> None:
    found = run_python(
        """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from zensols.persist.codec.mapping import map_file
fd = os.open(sys.argv[1], os.O_RDONLY)
maps = [map_file(fd, 10, True) for _ in range(50)]
print(sum(m is not None for m in maps))
maps.clear()
print(map_file(fd, 10, True) is not None)
""",
        path,
    )
    assert found.split() == ["10", "True"]


def test_files_on_the_network_are_read(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    """For which the file system at hand is taken here."""
    found = run_python(
        """
import os, sys
import numpy as np
from zensols.persist.codec import SignedPickleCodec, dump_file, load_file, mapping
from zensols.persist.files import network

path = sys.argv[1]
codec = SignedPickleCodec("42" * 32)
dump_file(codec, np.arange(1 << 18), path)
first = load_file(codec, path)
mapped = len(mapping._live)
device = os.stat(path).st_dev
number = f"{os.major(device)}:{os.minor(device)}"
for line in open("/proc/self/mountinfo"):
    if line.split()[2] == number:
        network.NETWORK_FILE_SYSTEMS |= {line.partition(" - ")[2].split()[0]}
network.on_network.cache_clear()
second = load_file(codec, path)
print(network.on_network(device), mapped, len(mapping._live), (first == second).all())
second[0] = 5
print(load_file(codec, path)[0])
""",
        tmp_path / "entry",
    ).split()
    if found[0] == "False":
        pytest.skip("the system doesn't tell what the file system is")
    assert found == ["True", "1", "1", "True", "0"]

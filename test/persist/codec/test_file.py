from __future__ import annotations

import array
import gc
import os
import random
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zensols.persist.codec import (
    BarePickleCodec,
    Codec,
    CompressedCodec,
    JsonCodec,
    SignedPickleCodec,
    dump_file,
    file_info,
    load_file,
    verify_file,
)
from zensols.persist.codec.file import MAP_LIMIT
from zensols.persist.codec.mapping import _live
from zensols.persist.error import (
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)

np = pytest.importorskip("numpy")

KEY = "42" * 32
LARGE = 2 * MAP_LIMIT // 8
"""How many numbers of eight bytes are mapped."""


def write(value: Any, folder: Path, codec: Codec | None = None) -> str:
    path = str(folder / "some entry")
    dump_file(codec or SignedPickleCodec(KEY), value, path, "key")
    return path


def read(path: str, **options: Any) -> Any:
    return load_file(SignedPickleCodec(KEY, **options), path, "key")


def is_mapped(value: Any) -> bool:
    """Return whether memory is a map of a file, as the kernel tells."""
    place = value.__array_interface__["data"][0]
    with open("/proc/self/maps") as maps:
        for line in maps:
            start, _, rest = line.partition("-")
            end = rest.split()[0]
            if int(start, 16) <= place < int(end, 16):
                return "some entry" in line
    raise AssertionError("not in memory")


needs_maps = pytest.mark.skipif(
    not os.path.exists("/proc/self/maps"), reason="needs Linux"
)


def arrays() -> dict[str, Any]:
    base = np.arange(LARGE, dtype="f8").reshape(-1, 4)
    frozen = base.copy()
    frozen.flags.writeable = False
    return {
        "c": base,
        "fortran": np.asfortranarray(base),
        "strided": base[::2, 1:3],
        "reversed": base[::-1],
        "small": np.arange(5),
        "medium": np.arange(10_000),
        "scalar": np.array(5.5),
        "empty": np.zeros((0, 3)),
        "bool": base > 5,
        "structured": np.zeros(100_000, dtype=[("a", "i4"), ("b", "U5")]),
        "datetime": np.arange(LARGE).astype("M8[s]"),
        "big endian": base.astype(">f4"),
        "text": np.array(["a", "é"] * 100_000),
        "object": np.array([{"a": 1}, None, "x"] * 1000, dtype=object),
        "frozen": frozen,
        "complex": base + 1j,
    }


@pytest.mark.parametrize("mode", ["c", "r", None])
def test_arrays(mode: Any, tmp_path: Path) -> None:
    value = arrays()
    found = read(write({"nested": [value, (value["c"],)]}, tmp_path), mmap_mode=mode)
    assert found["nested"][1][0] is found["nested"][0]["c"]
    for name, original in value.items():
        copy = found["nested"][0][name]
        assert type(copy) is np.ndarray
        assert copy.dtype == original.dtype, name
        assert copy.shape == original.shape, name
        assert (copy == original).all(), name
        if original.flags.f_contiguous:
            assert copy.flags.f_contiguous, name
    assert not found["nested"][0]["frozen"].flags.writeable
    assert found["nested"][0]["c"].flags.writeable == (mode != "r")
    assert found["nested"][0]["medium"].flags.writeable


@needs_maps
@pytest.mark.parametrize("mode", ["c", "r", None])
def test_large_buffers_are_mapped(mode: Any, tmp_path: Path) -> None:
    large = np.arange(MAP_LIMIT // 8)
    small = np.arange(MAP_LIMIT // 8 - 1)
    found = read(write([large, small], tmp_path), mmap_mode=mode)
    assert is_mapped(found[0]) == (mode is not None)
    assert not is_mapped(found[1])
    for one in found:
        assert one.__array_interface__["data"][0] % 16 == 0
    if mode is not None:
        assert found[0].__array_interface__["data"][0] % 64 == 0


def test_writing_to_a_mapped_array_leaves_the_file(tmp_path: Path) -> None:
    path = write(np.zeros(LARGE), tmp_path)
    before = Path(path).read_bytes()
    found = read(path)
    found += 1
    assert found.sum() == LARGE
    del found
    gc.collect()
    assert Path(path).read_bytes() == before
    assert read(path).sum() == 0


def test_read_only_maps(tmp_path: Path) -> None:
    found = read(write(np.zeros(LARGE), tmp_path), mmap_mode="r")
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_copies_outlive_the_file(tmp_path: Path) -> None:
    path = write([np.zeros(LARGE), np.ones(10_000)], tmp_path)
    for mode in ("c", None):
        found = read(path, mmap_mode=mode)
        os.unlink(path)
        write([np.ones(LARGE), np.zeros(10_000)], tmp_path)
        assert found[0].sum() == 0
        assert found[1].sum() == 10_000
        path = write([np.zeros(LARGE), np.ones(10_000)], tmp_path)


def test_other_buffers(tmp_path: Path) -> None:
    value = {
        "bytes": b"x" * 3_000_000,
        "bytearray": bytearray(b"y" * 3_000_000),
        "array": array.array("d", range(300_000)),
        "masked": np.ma.masked_array(np.arange(LARGE), mask=np.arange(LARGE) % 2),
        "matrix": np.arange(LARGE).reshape(-1, 2).view(np.matrix),
    }
    found = read(write(value, tmp_path))
    for name in ("bytes", "bytearray", "array"):
        assert type(found[name]) is type(value[name])
        assert found[name] == value[name]
    assert (found["masked"].mask == value["masked"].mask).all()
    assert type(found["matrix"]) is np.matrix
    found["bytearray"].extend(b"z")


def test_pandas(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": np.arange(LARGE), "b": ["x"] * LARGE})
    path = write(table, tmp_path)
    assert read(path).equals(table)
    assert file_info(path).shape == table.shape


def test_arrays_beside_functions(tmp_path: Path) -> None:
    path = write({"a": np.arange(LARGE), "f": lambda x: x + 1}, tmp_path)
    found = read(path)
    assert found["f"](1) == 2
    assert (found["a"] == np.arange(LARGE)).all()
    if os.path.exists("/proc/self/maps"):
        assert is_mapped(found["a"])


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3 << 20) | st.sampled_from([1 << 14, 1 << 20]),
            st.booleans(),
        ),
        max_size=5,
    ),
    st.sampled_from(["c", "r", None]),
    st.text(max_size=100),
)
def test_any_buffers(
    tmp_path: Path, sizes: list[tuple[int, bool]], mode: Any, key: str
) -> None:
    value = []
    for number, (size, writable) in enumerate(sizes):
        value.append(np.full(size, number, "u1"))
        value[-1].flags.writeable = writable
    codec = SignedPickleCodec(KEY, mmap_mode=mode, check_buffers=True)
    path = str(tmp_path / "some entry")
    dump_file(codec, value, path, key)
    found = load_file(codec, path, key)
    assert verify_file(codec, path, key).size == os.path.getsize(path)
    for original, copy in zip(value, found, strict=True):
        assert (original == copy).all()
        assert copy.flags.writeable <= original.flags.writeable


def test_same_bytes_in_files_and_memory(tmp_path: Path) -> None:
    """Whichever way it is written."""
    codec = SignedPickleCodec(KEY)
    for value in ([1], ["x" * 100_000], np.ones(10_000), [np.ones(LARGE)] * 2):
        path = write(value, tmp_path)
        data = Path(path).read_bytes()
        found = codec.decode(data, "key")
        assert np.array_equal(np.array(found), np.array(value))


def test_flips_in_mapped_buffers_are_found_on_request(tmp_path: Path) -> None:
    codec = SignedPickleCodec(KEY)
    value = [np.arange(LARGE), np.arange(10_000), np.ones(LARGE)]
    path = write(value, tmp_path)
    good = Path(path).read_bytes()
    chance = random.Random(1)
    start = good.index(np.arange(LARGE).tobytes())
    places = [start, start + 8 * LARGE - 1, len(good) - 1]
    places += [chance.randrange(start, start + 8 * LARGE) for _ in range(10)]
    for place in places:
        data = bytearray(good)
        data[place] ^= 1 << chance.randrange(8)
        Path(path).write_bytes(data)
        load_file(codec, path, "key")
        index = 2 if place == len(good) - 1 else 0
        for check in (
            lambda: verify_file(codec, path, "key"),
            lambda: read(path, check_buffers=True),
            lambda: read(path, mmap_mode=None),
        ):
            with pytest.raises(CorruptDataError, match=f"buffer {index} of {path}"):
                check()


def test_flips_in_small_buffers_are_found(tmp_path: Path) -> None:
    path = write([np.arange(LARGE), np.arange(10_000)], tmp_path)
    data = bytearray(Path(path).read_bytes())
    data[-1] ^= 1
    Path(path).write_bytes(data)
    with pytest.raises(CorruptDataError, match="buffer 1"):
        read(path)


def test_verify(tmp_path: Path, bomb: Any) -> None:
    codec = SignedPickleCodec(KEY)
    path = write([np.arange(LARGE), bomb], tmp_path)
    info = verify_file(codec, path, "key")
    assert info == file_info(path)
    assert verify_file(CompressedCodec(codec), path, "key") == info
    with pytest.raises(UntrustedDataError, match="not for 'other'"):
        verify_file(codec, path, "other")
    with pytest.raises(UntrustedDataError, match="Foreign"):
        verify_file(SignedPickleCodec("43" * 32), path)
    with pytest.raises(UntrustedDataError, match="another codec"):
        verify_file(JsonCodec(), path)
    with pytest.raises(PersistableError, match="'bare-pickle' writes"):
        verify_file(BarePickleCodec(), path)
    with pytest.raises(FileNotFoundError):
        verify_file(codec, str(tmp_path / "none"))
    with pytest.raises(PersistableError, match="folder"):
        verify_file(codec, str(tmp_path))


@pytest.mark.parametrize("size", [1, MAP_LIMIT * 2])
def test_swapped_entries(size: int, tmp_path: Path) -> None:
    codec = SignedPickleCodec(KEY)
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    dump_file(codec, bytearray(size), a, "a")
    dump_file(codec, bytearray(size), b, "b")
    os.rename(a, tmp_path / "c")
    os.rename(b, a)
    os.rename(tmp_path / "c", b)
    for path, key, other in ((a, "a", "b"), (b, "b", "a")):
        with pytest.raises(UntrustedDataError, match=f"for key '{other}'") as error:
            load_file(codec, path, key)
        assert path in str(error.value)


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "none"))


def test_folder_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "some entry"
    path.mkdir()
    with pytest.raises(PersistableError, match="a folder is in the file's place"):
        read(str(path))
    with pytest.raises(PersistableError, match="some entry"):
        write(1, tmp_path)
    assert os.listdir(tmp_path) == ["some entry"]


def test_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="none/some entry"):
        write(1, tmp_path / "none")
    with pytest.raises(PersistableError, match="none/some entry"):
        write(np.zeros(LARGE), tmp_path / "none")


def test_permissions(tmp_path: Path) -> None:
    for value in (1, np.zeros(LARGE)):
        path = write(value, tmp_path)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.parametrize(
    "codec",
    [SignedPickleCodec(KEY), JsonCodec(), CompressedCodec(JsonCodec())],
    ids=lambda codec: codec.name,
)
def test_large_bodies(codec: Codec, tmp_path: Path) -> None:
    value = ["é" * 1_000_000, "y" * 1_000_000]
    path = write(value, tmp_path, codec)
    assert load_file(codec, path, "key") == value
    data = bytearray(Path(path).read_bytes())
    data[-1] ^= 1
    Path(path).write_bytes(data)
    with pytest.raises(PersistableError, match="some entry"):
        load_file(codec, path, "key")


def test_failed_dump_keeps_the_old_value(tmp_path: Path) -> None:
    path = write([np.zeros(LARGE)], tmp_path)
    before = Path(path).read_bytes()
    with pytest.raises(PersistableError, match=r"value\[1\]"):
        write([np.ones(LARGE), (x for x in ())], tmp_path)
    assert Path(path).read_bytes() == before
    assert os.listdir(tmp_path) == ["some entry"]


def test_full_disk_keeps_the_old_value(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    path = write({"old": 1}, tmp_path)
    found = run_python(
        """
import resource, sys
import numpy as np
from zensols.persist.codec import SignedPickleCodec, dump_file
from zensols.persist.error import PersistableError
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
codec = SignedPickleCodec("42" * 32)
for value in ("x" * 3_000_000, np.ones(200_000), np.ones(2_000_000)):
    try:
        dump_file(codec, value, sys.argv[1], "key")
        print("stored")
    except PersistableError as e:
        print(e)
""",
        path,
    ).splitlines()
    error = f"Can't write {path}: File too large; what it held is unchanged"
    assert found == [error] * 3
    assert read(path) == {"old": 1}
    assert os.listdir(tmp_path) == ["some entry"]


def test_reader_sees_one_value_or_the_other(
    tmp_path: Path, start_python: Callable[..., Any]
) -> None:
    path = write(np.zeros(LARGE), tmp_path)
    child = start_python(
        """
import sys
import numpy as np
from zensols.persist.codec import SignedPickleCodec, dump_file
codec = SignedPickleCodec("42" * 32)
print("ready", flush=True)
for number in range(1, 10**9):
    dump_file(codec, np.full(1 << 18, float(number)), sys.argv[1], "key")
""",
        path,
    )
    assert child.stdout.readline() == "ready\n"
    seen = set()
    while len(seen) < 5:
        found = read(path, check_buffers=True)
        assert (found == found[0]).all()
        seen.add(found[0])


def test_maps_are_freed_with_the_arrays(tmp_path: Path) -> None:
    path = write([np.zeros(LARGE), np.ones(LARGE)], tmp_path)
    gc.collect()
    before = len(_live)
    found = read(path)
    assert len(_live) == before + 1
    part = found[1][5:7]
    del found
    assert len(_live) == before + 1
    assert part.sum() == 2
    del part
    gc.collect()
    assert len(_live) == before


def test_never_runs_out_of_maps(tmp_path: Path, run_python: Callable[..., str]) -> None:
    path = write(np.arange(MAP_LIMIT // 8), tmp_path)
    found = run_python(
        """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from zensols.persist.codec import SignedPickleCodec, load_file
codec = SignedPickleCodec("42" * 32)
kept = []
for number in range(1000):
    array = load_file(codec, sys.argv[1], "key")
    # What is copied is given back, or this would take 1 GiB.
    kept.append(array if number < 300 else array[:1].copy())
print(len(kept), sum(int(a[-1]) for a in kept[:300]) // 300)
print(len(os.listdir("/proc/self/fd")) < 100)
""",
        path,
    )
    assert found.split() == ["1000", str(MAP_LIMIT // 8 - 1), "True"]


def test_dumping_takes_no_memory(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    """An eighth of the array, of which most is for the interpreter."""
    found = run_python(
        """
import resource, sys
import numpy as np
from zensols.persist.codec import SignedPickleCodec, dump_file, load_file
codec = SignedPickleCodec("42" * 32)
dump_file(codec, np.ones(1 << 19), sys.argv[1])
array = np.ones(1 << 24)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
dump_file(codec, {"a": array}, sys.argv[1])
print(peak() - before)
""",
        tmp_path / "entry",
    )
    assert int(found) < 16 << 10


def test_loading_takes_no_memory(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    path = write(np.ones(1 << 23), tmp_path)
    found = run_python(
        """
import resource, sys
import numpy as np
from zensols.persist.codec import SignedPickleCodec, load_file
codec = SignedPickleCodec("42" * 32)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
array = load_file(codec, sys.argv[1], "key")
print(peak() - before, int(array[-1]))
""",
        path,
    )
    grown, last = map(int, found.split())
    assert grown < 8 << 10
    assert last == 1


def test_fsync(tmp_path: Path) -> None:
    path = str(tmp_path / "some entry")
    for value in (1, np.ones(LARGE)):
        dump_file(SignedPickleCodec(KEY), value, path, "key", fsync=True)
        assert np.array_equal(read(path), value)


def test_metadata_reaches_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "some entry")
    codec = SignedPickleCodec(KEY)
    dump_file(codec, np.ones((LARGE, 1)), path, "k", fingerprint="f", seconds=0.5)
    info = file_info(path)
    assert (info.key, info.fingerprint, info.seconds) == ("k", "f", 0.5)
    assert (info.shape, info.dtype) == ((LARGE, 1), "float64")
    assert isinstance(info.created, datetime)
    assert info.size == os.path.getsize(path)

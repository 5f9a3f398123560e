from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zensols.persist.stash
from zensols.persist.codec import BarePickleCodec, JsonCodec, dump_file, file_info
from zensols.persist.error import (
    CorruptDataError,
    LockTimeoutError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.missing import MISSING
from zensols.persist.stash import DirectoryStash

ROOT = Path(zensols.persist.stash.__file__).parents[3]
TEMPORARY = "%!00c0ffee-1-0.tmp"

ORDINARY_KEYS = [
    "a",
    "A",
    "12",
    "a b",
    "a.b",
    "a:b" if os.name != "nt" else "a-b",
    ".hidden",
    "-",
    "..a",
    "doc-1_2(3)",
    "größe",
    "日本語",
    "🙂",
    "50%",
    "100 % sure",
]

HOSTILE_KEYS = [
    "",
    "x" * 10_000,
    "日" * 200,
    "/",
    "//",
    "a/b",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows",
    "\\\\server\\share",
    "a\0b",
    "\0",
    "a\nb",
    "\r\n",
    "\t",
    " ",
    "a ",
    "a.",
    "\x1b[31m",
    "\x7f\x85",
    "👩‍👩‍👧‍👦",
    "K",
    "k",
    "\u212a",
    "straße",
    "STRASSE",
    "İ",
    "i̇",
    "\u00e9",
    "e\u0301",
    "\ufb01",
    "fi",
    "\u1112\u1161\u11ab",
    "\ud55c",
    "CON",
    "con",
    "nul.txt",
    "LPT1",
    "COM¹",
    "\ud800",
    "a\udfffb",
    "%",
    "%41",
    "%2F",
    "%~",
    "%!",
    TEMPORARY,
    "%00",
    "{name}",
    "a.dat",
    ".dat",
    "~",
    "*",
    "?",
    '"',
    "<>|",
    "$HOME",
    "-rf",
]

IS_LINUX = sys.platform == "linux"


@pytest.fixture
def stash(tmp_path: Path) -> DirectoryStash[Any]:
    return DirectoryStash(tmp_path / "data")


def names(stash: DirectoryStash[Any]) -> list[str]:
    return sorted(os.listdir(stash.path))


def run_child(code: str, *args: object) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_behaves_as_a_mapping(stash: DirectoryStash[Any]) -> None:
    stash["a"], stash["b"] = {1, 2}, None
    assert dict(stash) == {"a": {1, 2}, "b": None}
    assert stash.load("a") == stash.get("a") == stash["a"] == {1, 2}
    assert stash["b"] is stash.load("b") is stash.get("b", 9) is None
    assert "b" in stash
    assert len(stash) == 2
    stash["a"] = 3
    assert stash["a"] == 3
    assert len(stash) == 2


def test_absent_key(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    assert stash.load("b") is None
    assert stash.get("b", MISSING) is MISSING
    assert "b" not in stash
    with pytest.raises(KeyError, match="b"):
        stash["b"]
    with pytest.raises(KeyError, match="b"):
        del stash["b"]
    stash.delete("b")


@pytest.mark.parametrize("key", ORDINARY_KEYS)
@pytest.mark.parametrize("pattern", ["{name}.dat", "pre-{name}.x", "{name}"])
def test_file_of_an_ordinary_key_is_named_by_the_pattern(
    tmp_path: Path, key: str, pattern: str
) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path / "data", pattern)
    stash[key] = 1
    name = pattern.format(name=key)
    assert names(stash) == [name]
    assert stash.key_to_path(key) == stash.path / name
    assert list(stash.keys()) == [key]


@pytest.mark.parametrize("key", HOSTILE_KEYS, ids=ascii)
@pytest.mark.parametrize("pattern", ["{name}.dat", "{name}", "pre-{name}"])
def test_f_any_string_is_a_key(tmp_path: Path, key: str, pattern: str) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path / "data", pattern)
    assert key not in stash
    stash[key] = 1
    assert list(stash) == [(key, 1)]
    assert key in stash
    assert stash[key] == 1
    assert os.listdir(tmp_path) == ["data"]
    (name,) = names(stash)
    assert (stash.path / name).is_file()
    assert stash.key_to_path(key) == stash.path / name
    with stash.lock(key):
        stash.delete(key)
    assert names(stash) == []


def test_f_no_two_keys_share_a_file(stash: DirectoryStash[Any]) -> None:
    keys = list(dict.fromkeys([*ORDINARY_KEYS, *HOSTILE_KEYS]))
    for i, key in enumerate(keys):
        stash[key] = i
    assert dict(stash) == {key: i for i, key in enumerate(keys)}
    assert len(names(stash)) == len(keys)


TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@given(st.dictionaries(TEXT, st.integers(), max_size=8), TEXT)
@settings(max_examples=60, deadline=None)
def test_is_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, int], other: str
) -> None:
    folder = tmp_path_factory.mktemp("data")
    stash: DirectoryStash[int] = DirectoryStash(folder)
    for key, value in data.items():
        stash[key] = value
    assert dict(stash) == data
    assert (other in stash) == (other in data)
    assert stash.get(other, "none") == data.get(other, "none")
    stash.delete(other)
    data.pop(other, None)
    assert dict(DirectoryStash(folder)) == data


def test_int_keys(stash: DirectoryStash[Any]) -> None:
    stash[12] = "a"
    assert stash[12] == stash["12"] == stash.get(12) == "a"
    assert 12 in stash
    assert list(stash.keys()) == ["12"]
    assert names(stash) == ["12.dat"]
    with stash.lock(12):
        del stash[12]
    assert len(stash) == 0


def test_f_name_must_match_the_pattern_case_sensitively(
    stash: DirectoryStash[Any],
) -> None:
    stash["a"] = 1
    for name in ("B.DAT", "c.Dat", "d.dat.bak", "dat", "e.txt"):
        (stash.path / name).write_bytes(b"")
    assert list(stash.keys()) == ["a"]
    stash.clear()
    assert names(stash) == ["B.DAT", "c.Dat", "d.dat.bak", "dat", "e.txt"]


def test_f_folders_do_not_count(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    (stash.path / "b.dat").mkdir()
    assert list(stash.keys()) == ["a"]
    assert "b" not in stash
    stash.clear()
    assert names(stash) == ["b.dat"]
    for use in (lambda: stash.load("b"), lambda: stash.dump("b", 1)):
        with pytest.raises(PersistableError, match=r"data.b\.dat"):
            use()
    with pytest.raises(PersistableError, match=r"delete .*b\.dat"):
        stash.delete("b")


@pytest.mark.parametrize("pattern", ["{name}.dat", "{name}", "{name}.tmp"])
def test_temporary_files_are_never_listed(tmp_path: Path, pattern: str) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path, pattern)
    (tmp_path / TEMPORARY).write_bytes(b"half")
    assert list(stash.keys()) == []
    stash.clear()
    assert names(stash) == [TEMPORARY]


@pytest.mark.parametrize("write", [lambda s: s.dump("a", 1), lambda s: s.clear()])
def test_next_writer_removes_what_a_killed_one_left(
    stash: DirectoryStash[Any], write: Callable[[Any], None]
) -> None:
    child = (
        "import os, sys\n"
        "from zensols.persist.files import AtomicFile\n"
        "with AtomicFile(sys.argv[1]) as file:\n"
        "    os.write(file.fd, b'half')\n"
        "    os._exit(0)\n"
    )
    stash.path.mkdir()
    run_child(child, stash.path / "a.dat")
    assert len(names(stash)) == 1
    assert list(stash.keys()) == []
    write(stash)
    assert names(stash) in ([], ["a.dat"])


@pytest.mark.parametrize(
    "use",
    [
        lambda stash: stash.load("a") is None,
        lambda stash: stash.get("a", 9) == 9,
        lambda stash: "a" not in stash,
        lambda stash: list(stash.keys()) == [],
        lambda stash: dict(stash) == {},
        lambda stash: len(stash) == 0,
        lambda stash: stash.delete("a") is None,
        lambda stash: stash.clear() is None,
        lambda stash: stash.close() is None,
    ],
)
def test_f_missing_folder_is_empty_and_not_made(
    stash: DirectoryStash[Any], use: Callable[[Any], bool]
) -> None:
    assert use(stash)
    assert not stash.path.exists()


def test_folder_deleted_meanwhile_is_made_again(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    (stash.path / "a.dat").unlink()
    stash.path.rmdir()
    assert dict(stash) == {}
    stash["a"] = 2
    assert stash["a"] == 2


def test_folder_holds_nothing_but_items(stash: DirectoryStash[Any]) -> None:
    for i in range(3):
        stash[str(i)] = [i] * 1000
        stash[str(i)] = i
    with stash.lock("0"), stash.lock("1"):
        assert names(stash) == ["0.dat", "1.dat", "2.dat"]
    stash.delete("1")
    assert dict(stash) == {"0": 0, "2": 2}
    assert names(stash) == ["0.dat", "2.dat"]
    assert os.listdir(stash.path.parent) == ["data"]


def test_key_to_path_makes_the_folder(stash: DirectoryStash[Any]) -> None:
    assert stash.key_to_path("a") == stash.path / "a.dat"
    assert stash.path.is_dir()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
def test_folders_and_files_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        stash: DirectoryStash[Any] = DirectoryStash(tmp_path / "x" / "y")
        stash["a"] = 1
        with stash.lock("a"):
            locks = [path for path in (tmp_path / "x").iterdir() if path.name != "y"]
            modes = [stat.S_IMODE(path.stat().st_mode) for path in locks]
    finally:
        os.umask(old)
    assert modes == [0o700]
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o700
    assert stat.S_IMODE(stash.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((stash.path / "a.dat").stat().st_mode) == 0o600


def test_swapped_files_are_refused(stash: DirectoryStash[Any]) -> None:
    stash["a"], stash["b"] = 1, 2
    a, b, c = (stash.path / f"{name}.dat" for name in "abc")
    a.rename(c)
    b.rename(a)
    c.rename(b)
    for key in ("a", "b"):
        with pytest.raises(UntrustedDataError, match=rf"data.{key}\.dat"):
            stash.load(key)


def test_hostile_pickle_does_not_run(stash: DirectoryStash[Any]) -> None:
    victim = stash.path / "victim"

    class Hostile:
        def __reduce__(self) -> Any:
            return Path.touch, (victim,)

    stash.path.mkdir()
    (stash.path / "a.dat").write_bytes(pickle.dumps(Hostile()))
    for read in (stash.load, stash.get, stash.__getitem__):
        with pytest.raises(UntrustedDataError, match=r"a\.dat"):
            read("a")
    assert "a" in stash
    assert names(stash) == ["a.dat"]


@pytest.mark.parametrize("size", [0, 1, 40, 100])
def test_truncated_file_is_named(stash: DirectoryStash[Any], size: int) -> None:
    stash["a"] = list(range(1000))
    file = stash.path / "a.dat"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(PersistableError, match=r"data.a\.dat") as e:
        stash.load("a")
    assert isinstance(e.value, (CorruptDataError, UntrustedDataError))
    stash["a"] = 1
    assert stash["a"] == 1


def test_folder_in_place_of_a_file_in_place_of_the_folder(
    stash: DirectoryStash[Any],
) -> None:
    stash.path.write_text("mine")
    for use in (
        lambda: stash.load("a"),
        lambda: stash.dump("a", 1),
        lambda: stash.delete("a"),
        lambda: list(stash.keys()),
        lambda: len(stash),
        lambda: stash.clear(),
        lambda: stash.key_to_path("a"),
    ):
        with pytest.raises(PersistableError, match="data"):
            use()
    assert not stash.exists("a")
    assert stash.path.read_text() == "mine"


@pytest.mark.skipif(not IS_LINUX, reason="needs /proc, in which nobody makes folders")
@pytest.mark.parametrize("path", ["/proc/zensols", "/proc/zensols/data"])
def test_folder_that_can_not_be_made_is_named(path: str) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(Path(path))
    for use in (lambda: stash.dump("a", 1), stash.assert_path_dir):
        with pytest.raises(PersistableError, match="/proc/zensols"):
            use()
    assert stash.load("a") is None


def test_folder_with_too_long_a_name_is_named(tmp_path: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path / ("x" * 300))
    for use in (
        lambda: stash.dump("a", 1),
        lambda: stash.load("a"),
        stash.assert_path_dir,
        stash.clear,
    ):
        with pytest.raises(PersistableError, match="x" * 300):
            use()


FULL = """
import resource, sys
from pathlib import Path
from zensols.persist.error import PersistableError
from zensols.persist.stash import DirectoryStash

stash = DirectoryStash(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for value in ("x" * 5000, [b"x" * 5000] * 1000):
    try:
        stash["a"] = value
    except PersistableError as e:
        print("refused" if str(stash.path / "a.dat") in str(e) else e)
stash["b"] = "small"
"""


@pytest.mark.skipif(not IS_LINUX, reason="needs RLIMIT_FSIZE")
def test_f_failed_write_keeps_the_old_value(stash: DirectoryStash[Any]) -> None:
    stash["a"] = "old"
    assert run_child(FULL, stash.path) == "refused\nrefused\n"
    assert dict(stash) == {"a": "old", "b": "small"}
    assert names(stash) == ["a.dat", "b.dat"]


def test_f_value_that_can_not_be_pickled_keeps_the_old_one(
    stash: DirectoryStash[Any],
) -> None:
    stash["a"] = "old"
    with pytest.raises(PersistableError, match=r"value\['x'\]\[1\]"):
        stash["a"] = {"x": [1, (i for i in range(3))]}
    assert dict(stash) == {"a": "old"}
    with pytest.raises(PersistableError, match=r"value"):
        stash["b"] = threading.Lock()
    assert names(stash) == ["a.dat"]


STREAM = """
import sys
from pathlib import Path
from zensols.persist.stash import DirectoryStash

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1])

stash = DirectoryStash(Path(sys.argv[1]))
assert list(stash.keys()) == []
stash.path = Path(sys.argv[2])
before = peak()
print(sum(1 for _ in stash.keys()), len(stash), peak() - before)
"""


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a file system."""
    memory = Path("/dev/shm")
    fast = memory.is_dir() and os.access(memory, os.W_OK)
    with TemporaryDirectory(dir=memory if fast else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.skipif(not IS_LINUX, reason="needs /proc")
def test_keys_are_streamed(fast_folder: Path, tmp_path: Path) -> None:
    fd = os.open(fast_folder, os.O_RDONLY)
    try:
        for i in range(200_000):
            os.mknod(f"{i:08}-document-of-the-corpus.dat", dir_fd=fd)
    finally:
        os.close(fd)
    count, length, growth = map(int, run_child(STREAM, tmp_path, fast_folder).split())
    assert count == length == 200_000
    assert growth < 20 * 1024


@pytest.mark.soak
@pytest.mark.skipif(not IS_LINUX, reason="needs /proc")
def test_values_are_streamed(fast_folder: Path, tmp_path: Path) -> None:
    stash: DirectoryStash[bytes] = DirectoryStash(fast_folder)
    for i in range(200_000):
        stash[str(i)] = bytes(100)
    code = STREAM.replace("in stash.keys()", "in stash.values()")
    count, _, growth = map(int, run_child(code, tmp_path, fast_folder).split())
    assert count == 200_000
    assert growth < 20 * 1024


def test_values_are_loaded_one_at_a_time(tmp_path: Path) -> None:
    class Recording(DirectoryStash[Any]):
        loaded = 0

        def load(self, name: str) -> Any:
            self.loaded += 1
            return super().load(name)

    stash = Recording(tmp_path)
    for key in "abc":
        stash[key] = 1
    items = iter(stash)
    assert stash.loaded == 0
    next(items)
    assert stash.loaded == 1


def test_deleting_while_iterating(stash: DirectoryStash[Any]) -> None:
    for i in range(100):
        stash[str(i)] = i
    seen = set()
    for key, value in stash:
        assert key == str(value)
        seen.add(key)
        stash.delete(key)
        stash.delete(str(99 - value))
    assert len(stash) == 0
    assert len(seen) >= 50


def test_delete_needs_a_key(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    with pytest.raises(PersistableError, match=r"DirectoryStash\.delete\(\) needs"):
        stash.delete()
    assert len(stash) == 1


def test_clear_spares_what_is_not_its_own(stash: DirectoryStash[Any]) -> None:
    stash["a"], stash["b/c"], stash["x" * 1000] = 1, 2, 3
    (stash.path / "notes.txt").write_text("mine")
    (stash.path / "sub").mkdir()
    (stash.path / "sub" / "a.dat").write_text("mine")
    stash.clear()
    assert names(stash) == ["notes.txt", "sub"]
    assert (stash.path / "sub" / "a.dat").exists()


def test_damaged_file_of_a_digested_key_is_cleared(stash: DirectoryStash[Any]) -> None:
    stash["x" * 1000] = 1
    (name,) = names(stash)
    (stash.path / name).write_bytes(b"damaged")
    assert list(stash.keys()) == []
    stash.clear()
    assert names(stash) == []


def test_pattern_can_be_changed(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    stash.pattern = "{name}.txt"
    assert dict(stash) == {}
    stash["b"] = 2
    assert names(stash) == ["a.dat", "b.txt"]
    stash.pattern = "{name}.dat"
    assert dict(stash) == {"a": 1}


@pytest.mark.parametrize("pattern", ["data.dat", "{name}{name}", "{key}", "a/{name}"])
def test_bad_pattern_is_named(tmp_path: Path, pattern: str) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path, pattern)
    with pytest.raises(PersistableError, match="pattern of file names"):
        stash["a"] = 1


def test_path_can_be_changed(stash: DirectoryStash[Any], tmp_path: Path) -> None:
    stash["a"] = 1
    stash.path = tmp_path / "other"
    assert dict(stash) == {}
    stash["a"] = 2
    assert sorted(os.listdir(tmp_path)) == ["data", "other"]


def test_relative_path_follows_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(Path("data"))
    for name in "xy":
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert dict(stash) == {}
        with stash.lock("a"):
            stash["a"] = name
    monkeypatch.chdir(tmp_path / "x")
    assert stash["a"] == "x"
    assert os.listdir() == ["data"]
    assert str(stash.path) == "data"


def test_current_directory(in_tmp: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(Path())
    stash["a"] = 1
    assert dict(stash) == {"a": 1}
    assert os.listdir(in_tmp) == ["a.dat"]


@pytest.mark.parametrize("path", ["data", None, 3])
def test_path_must_be_a_path(path: Any) -> None:
    with pytest.raises(PersistableError, match=r"Expecting a pathlib\.Path as"):
        DirectoryStash(path)


def test_json_entries_need_no_key(tmp_path: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path, codec=JsonCodec())
    stash["a"] = {"x": [1, None]}
    stash["x" * 1000] = 2
    assert dict(stash) == {"a": {"x": [1, None]}, "x" * 1000: 2}


def test_bare_pickles_of_the_older_package(tmp_path: Path) -> None:
    (tmp_path / "a b.dat").write_bytes(pickle.dumps([1]))
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path)
    assert list(stash.keys()) == ["a b"]
    with pytest.raises(UntrustedDataError, match=r"a b\.dat"):
        stash["a b"]
    stash.codec = BarePickleCodec(trust="any")
    assert dict(stash) == {"a b": [1]}
    stash["c"] = 2
    assert pickle.loads((tmp_path / "c.dat").read_bytes()) == 2


def test_durability(tmp_path: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(tmp_path / "data", durability="fsync")
    stash["a"] = 1
    assert dict(stash) == {"a": 1}
    assert names(stash) == ["a.dat"]
    with pytest.raises(PersistableError, match="Unknown durability 'often'"):
        DirectoryStash(tmp_path, durability="often")


def test_additions_are_keyword_only(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="positional"):
        DirectoryStash(tmp_path, "{name}.dat", JsonCodec())
    assert DirectoryStash.ATTR_EXP_META == ("path", "pattern")


def test_pickles(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    other = pickle.loads(pickle.dumps(stash))
    assert other == stash
    assert other["a"] == 1
    other["b"] = 2
    assert dict(stash) == {"a": 1, "b": 2}
    assert set(stash.__getstate__()) == {"path", "pattern", "codec", "durability"}


def test_written_and_read_behind_its_back(stash: DirectoryStash[Any]) -> None:
    stash.path.mkdir()
    dump_file(JsonCodec(), [1], str(stash.path / "a.dat"), "a")
    stash.codec = JsonCodec()
    assert stash["a"] == [1]


def test_lock_excludes_other_objects_and_threads(stash: DirectoryStash[Any]) -> None:
    other: DirectoryStash[Any] = DirectoryStash(stash.path)
    refused: list[LockTimeoutError] = []

    def attempt() -> None:
        try:
            with other.lock("a", timeout=0):
                pass
        except LockTimeoutError as e:
            refused.append(e)

    with stash.lock("a"), other.lock("a", timeout=0), other.lock("b", timeout=0):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert str(os.getpid()) in str(refused[0])
    attempt()
    assert len(refused) == 1
    assert not stash.path.exists()


def test_threads_read_whole_values(stash: DirectoryStash[Any]) -> None:
    stash["a"] = [0] * 1000
    done = threading.Event()
    torn: list[Any] = []

    def read() -> None:
        while not done.is_set():
            value = stash.load("a")
            if value is None or len(value) != 1000 or len(set(value)) != 1:
                torn.append(value)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    try:
        for i in range(300):
            stash["a"] = [i] * 1000
    finally:
        done.set()
        for thread in readers:
            thread.join()
    assert torn == []
    assert names(stash) == ["a.dat"]


def test_beside_is_a_hidden_folder(stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    beside = stash.beside("notes")
    assert isinstance(beside, DirectoryStash)
    folder = stash.path.parent
    assert os.listdir(folder) == [stash.path.name]
    assert beside.load("a") is None
    assert os.listdir(folder) == [stash.path.name]
    beside["a"] = {"done": True}
    file = folder / f".{stash.path.name}.beside" / "notes" / "a.dat"
    assert file_info(str(file)).codec == "json"
    assert os.listdir(stash.path) == ["a.dat"]


def test_beside_of_one_folder_with_several_patterns(tmp_path: Path) -> None:
    patterns = ("{name}.dat", "{name}", "x-{name}.dat", "x-{name}")
    besides: list[Any] = [
        DirectoryStash(tmp_path / "data", pattern).beside("notes")
        for pattern in patterns
    ]
    for beside, pattern in zip(besides, patterns, strict=True):
        beside["key"] = pattern
    assert [dict(beside) for beside in besides] == [{"key": p} for p in patterns]


def test_beside_is_as_durable(tmp_path: Path) -> None:
    beside: Any = DirectoryStash(tmp_path / "data", durability="fsync").beside("notes")
    assert beside.durability == "fsync"


def test_beside_of_a_link(tmp_path: Path, stash: DirectoryStash[Any]) -> None:
    stash["a"] = 1
    (tmp_path / "link").symlink_to(stash.path)
    beside: Any = stash.beside("notes")
    beside["key"] = 1
    other: Any = DirectoryStash(tmp_path / "link").beside("notes")
    assert dict(other) == {"key": 1}


def test_beside_of_what_is_beside(stash: DirectoryStash[Any]) -> None:
    beside: Any = stash.beside("notes")
    inner = beside.beside("notes")
    inner["a"], beside["a"] = 1, 2
    assert (dict(inner), dict(beside), dict(stash)) == ({"a": 1}, {"a": 2}, {})

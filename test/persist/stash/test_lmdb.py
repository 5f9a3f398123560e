from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from raw_lmdb import RawLmdb

import zensols.persist
from zensols.persist.codec import (
    BarePickleCodec,
    CompressedCodec,
    JsonCodec,
    default_codec,
    read_info,
)
from zensols.persist.domain import Stash, open_stash
from zensols.persist.error import PersistableError, StoreUnavailableError
from zensols.persist.missing import MISSING
from zensols.persist.stash.lmdb import LmdbStash
from zensols.persist.testing import StashContract

ROOT = Path(zensols.persist.__file__).parents[2]


def raw_name(key: str) -> bytes:
    name = key.encode("utf-8", "surrogatepass")
    if not name:
        return b"\xff"
    if len(name) > 511:
        return b"\xff" + blake2b(name, digest_size=32).digest()
    return name


@pytest.fixture(scope="module")
def raw() -> Iterator[RawLmdb]:
    with RawLmdb() as raw:
        yield raw


class TestContract(StashContract):
    processes = True
    large = True

    @pytest.fixture(autouse=True)
    def _raw(self, raw: RawLmdb) -> None:
        self.raw = raw

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return LmdbStash(tmp_path / "data")

    def reopen(self, stash: Any) -> Stash[Any]:
        return LmdbStash(stash.path, codec=stash.codec)

    def raw_get(self, stash: Any, key: str) -> Any:
        if not stash.path.exists():
            return MISSING
        entry = self.raw.get(stash.path, raw_name(key))
        codec = stash.codec or default_codec()
        return MISSING if entry is None else codec.decode(entry, key)

    def raw_put(self, stash: Any, key: str, value: Any) -> None:
        codec = stash.codec or default_codec()
        stash.path.mkdir(exist_ok=True)
        self.raw.put(stash.path, raw_name(key), bytes(codec.encode(value, key)))

    def raw_keys(self, stash: Any) -> Iterable[str]:
        if not stash.path.exists():
            return []
        items = self.raw.items(stash.path)
        found = {name: read_info(entry).key for name, entry in items.items()}
        assert all(raw_name(str(key)) == name for name, key in found.items())
        return [str(key) for key in found.values()]


class TestContractWithTinyMap(TestContract):
    large = False

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return LmdbStash(tmp_path / "data", map_size=1)


class TestContractOfJson(TestContract):
    large = False

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return LmdbStash(tmp_path / "data", codec=JsonCodec())


class TestContractSynced(TestContract):
    examples = 5
    large = False

    @pytest.fixture
    def stash(self, tmp_path: Path) -> Stash[Any]:
        return LmdbStash(tmp_path / "data", durability="fsync")


@pytest.fixture
def stash(tmp_path: Path) -> LmdbStash[Any]:
    return LmdbStash(tmp_path / "data", map_size=1 << 20)


def mapped(path: Path) -> list[str]:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line for line in lines if line.endswith(str(path / "data.mdb"))]


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def test_nothing_is_made_by_reading(stash: LmdbStash[Any]) -> None:
    assert stash.load("a") is None
    assert stash.get("a", "default") == "default"
    assert not stash.exists("a")
    assert stash.load_entry("a") is None
    assert stash.entry_info("a") is None
    assert list(stash.keys()) == []
    assert list(stash) == []
    assert len(stash) == 0
    stash.delete("a")
    stash.delete_many(["a", "b"])
    stash.clear()
    with pytest.raises(PersistableError):
        stash.dump("a", threading.Lock())
    assert stash.load("a") is None
    assert not stash.path.exists()


def test_is_private(stash: LmdbStash[Any]) -> None:
    stash["a"] = 1
    assert stash.path.stat().st_mode & 0o777 == 0o700
    for file in stash.path.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_map_grows_by_itself(stash: LmdbStash[Any]) -> None:
    for number in range(40):
        stash[str(number)] = bytes([number]) * (1 << 17)
    assert [stash[str(n)] == bytes([n]) * (1 << 17) for n in range(40)] == [True] * 40


@pytest.mark.parametrize("size", [0, 1, 4096, (1 << 26) + 1])
def test_large_value(stash: LmdbStash[Any], size: int) -> None:
    value = os.urandom(size)
    stash["a"] = value
    stash.dump_many([("b", value)])
    assert stash["a"] == stash["b"] == value


def test_map_grows_for_many(stash: LmdbStash[Any]) -> None:
    stash.dump_many((str(number), bytes(1000)) for number in range(12_345))
    assert len(stash) == 12_345
    assert sorted(stash.keys()) == sorted(map(str, range(12_345)))
    stash.delete_many(str(number) for number in range(1, 12_345))
    assert list(stash) == [("0", bytes(1000))]
    stash.clear()
    assert len(stash) == 0


def test_map_grows_under_readers(stash: LmdbStash[Any]) -> None:
    """Other threads' transactions are waited for, and none gets torn values."""
    value = b"x" * 50_000
    stash["a"] = value
    done = threading.Event()
    failures: list[object] = []

    def read() -> None:
        try:
            while not done.is_set():
                found = stash.load("a")
                if found != value:
                    failures.append(found)
                list(stash.keys())
        except BaseException as e:
            failures.append(e)
            raise

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(150):
        stash[f"b{number}"] = value
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(stash) == 151


def test_array_outlives_the_map(stash: LmdbStash[Any]) -> None:
    array = np.arange(200_000)
    stash["a"] = {"array": array, "name": "a"}
    loaded = stash["a"]["array"]
    _, listed = next(iter(stash.items()))
    assert loaded.flags.writeable
    stash.clear()
    for number in range(5):
        stash[str(number)] = np.zeros(200_000)
    stash.close()
    del stash
    assert np.array_equal(loaded, array)
    assert np.array_equal(listed["array"], array)
    loaded[0] = 7


@pytest.mark.parametrize(
    "codec",
    [JsonCodec(), CompressedCodec(default_codec()), BarePickleCodec(trust="any")],
    ids=["json", "compressed", "bare"],
)
def test_value_of_other_codecs_outlives_the_map(tmp_path: Path, codec: Any) -> None:
    stash = LmdbStash[Any](tmp_path / "data", codec=codec)
    value = {"text": "x" * 5000, "bytes": b"y" * 5000, "list": list(range(1000))}
    stash["a"] = value
    loaded = stash["a"]
    stash.clear()
    for number in range(20):
        stash[str(number)] = ["z" * 10_000]
    stash.close()
    assert loaded == value


@linux
def test_open_once_and_closed_with_the_last(tmp_path: Path) -> None:
    path = tmp_path / "data"
    first, second = LmdbStash[int](path), LmdbStash[int](path)
    link = tmp_path / "link"
    link.symlink_to(path)
    third = LmdbStash[int](link)
    first["a"] = 1
    assert second["a"] == third["a"] == 1
    assert len(mapped(path)) == 1
    first.close()
    first.close()
    second.close()
    assert len(mapped(path)) == 1
    assert third["a"] == 1
    third.close()
    assert mapped(path) == []
    assert first["a"] == 1
    assert len(mapped(path)) == 1
    del first
    assert mapped(path) == []


def test_folder_is_made_anew(tmp_path: Path) -> None:
    from shutil import rmtree

    first = LmdbStash[int](tmp_path / "data")
    first["a"] = 1
    rmtree(first.path)
    second = LmdbStash[int](first.path)
    second["b"] = 2
    first.close()
    assert dict(first) == dict(second) == {"b": 2}


@pytest.mark.parametrize("ahead", [1, 999, 1000, 1001])
def test_keys_while_others_write(stash: LmdbStash[int], ahead: int) -> None:
    """Keys are read in parts, none of which is left open."""
    stash.dump_many((f"{number:05}", number) for number in range(3500))
    keys = stash.keys()
    seen = [next(iter(keys)) for _ in range(ahead)]
    stash.delete(f"{ahead - 1:05}")
    stash.delete("03499")
    stash["99999"] = 1
    seen += keys
    kept = {*seen} - {"99999", "03499"}
    assert kept == {f"{number:05}" for number in range(3499)}
    assert "03499" not in seen
    assert len(seen) == len({*seen})
    assert "99999" in seen


def test_keys_take_little_memory(stash: LmdbStash[Any]) -> None:
    stash.dump_entries((f"key-{number}", b"entry") for number in range(100_000))
    tracemalloc.start()
    try:
        assert sum(1 for _ in stash.keys()) == 100_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_no_reader_is_left(stash: LmdbStash[int], raw: RawLmdb) -> None:
    """However many threads have read, few readers are known to LMDB."""
    stash.dump_many((str(number), number) for number in range(2500))

    def read() -> None:
        for number in range(100):
            assert stash[str(number)] == number
        iterator = iter(stash)
        next(iterator)
        abandoned.append(iterator)
        with pytest.raises(KeyError):
            stash["absent"]

    abandoned: list[Any] = []
    for _ in range(5):
        threads = [threading.Thread(target=read) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    environment: Any = stash._open().environment
    readers = environment._environment.readers().splitlines()[1:]
    # One is kept to be used again; none pins a version of the store.
    assert [line for line in readers if not line.endswith(" -")] == []
    assert len(readers) <= 20


def test_failed_load_leaves_no_reader(stash: LmdbStash[Any], raw: RawLmdb) -> None:
    stash["a"] = 1
    raw.put(stash.path, b"a", b"no entry")
    for _ in range(2000):
        with pytest.raises(PersistableError):
            stash.load("a")
    environment: Any = stash._open().environment
    assert (
        "1 " not in environment._environment.readers().split("txnid")[1].split("-")[1]
    )
    assert len(environment._environment.readers().splitlines()) <= 3


def test_space_is_used_again(stash: LmdbStash[Any]) -> None:
    for number in range(500):
        stash["a"] = bytes([number % 256]) * 100_000
        list(stash)
    assert (stash.path / "data.mdb").stat().st_size < 3_000_000


def test_load_within_load(stash: LmdbStash[Any]) -> None:
    _Linked.stash = stash
    stash["b"] = 2
    stash["a"] = _Linked()
    assert stash["a"].found == 2


class _Linked:
    stash: Any

    def __reduce__(self) -> Any:
        return _link, ()


def _link() -> _Linked:
    linked = _Linked()
    _Linked.stash["c"] = 3
    linked.found = _Linked.stash["b"]  # type: ignore[attr-defined]
    return linked


class _Filling:
    def __reduce__(self) -> Any:
        return _fill, ()


def _fill() -> None:
    for number in range(30):
        _Linked.stash[str(number)] = bytes(100_000)


def test_map_grows_within_load(stash: LmdbStash[Any]) -> None:
    """It can't while the value is read from the map, which is then copied."""
    _Linked.stash = stash
    stash["a"] = _Filling()
    assert stash.load("a") is None
    assert stash["29"] == bytes(100_000)


def run_in_child(work: Callable[[], object]) -> None:
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0) == (child, 0)


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@forks
def test_child_and_parent(stash: LmdbStash[Any]) -> None:
    stash["a"] = 1
    assert stash["a"] == 1
    for number in range(3):

        def work(number: int = number) -> None:
            assert stash["a"] == 1
            stash[f"child {number}"] = bytes(1 << 21)
            run_in_child(lambda: stash.dump(f"grandchild {number}", 2))
            assert stash[f"grandchild {number}"] == 2
            stash.close()

        run_in_child(work)
        assert stash[f"child {number}"] == bytes(1 << 21)
        stash[f"parent {number}"] = 3
    assert len(stash) == 10


@forks
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_fork_while_threads_use_it(stash: LmdbStash[Any]) -> None:
    done = threading.Event()
    failures: list[BaseException] = []

    def use(name: str) -> None:
        try:
            while not done.is_set():
                stash[name] = bytes(20_000)
                assert stash[name] == bytes(20_000)
                assert name in list(stash.keys())
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=use, args=(f"thread {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for number in range(20):

        def work(number: int = number) -> None:
            stash[f"child {number}"] = number
            assert stash[f"child {number}"] == number

        run_in_child(work)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [stash[f"child {number}"] for number in range(20)] == list(range(20))


def test_durability_of_the_strictest_holds(tmp_path: Path) -> None:
    def is_synced() -> bool:
        environment: Any = first._open().environment
        synced: bool = environment._environment.flags()["sync"]
        return synced

    first = LmdbStash[int](tmp_path / "data")
    first["a"] = 1
    assert not is_synced()
    second = LmdbStash[int](tmp_path / "data", durability="fsync")
    second["b"] = 2
    assert is_synced()
    first["c"] = 3
    assert dict(second) == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("lmdb://{path}", {}),
        ("lmdb://{path}?map_size=4096", {"map_size": 4096}),
        ("lmdb://{path}?durability=fsync", {"durability": "fsync"}),
        ("lmdb://{path}?codec=json&compress=zlib", {}),
    ],
)
def test_url(tmp_path: Path, text: str, options: dict[str, Any]) -> None:
    text = text.format(path=tmp_path / "data")
    stash = open_stash(text)
    assert isinstance(stash, LmdbStash)
    assert str(stash.url) == text
    assert stash.path == tmp_path / "data"
    for name, value in options.items():
        assert getattr(stash, name) == value
    stash["a"] = 1
    assert open_stash(str(stash.url))["a"] == 1


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("durability=often", "durability"),
        ("map_size=big", "map_size"),
        ("map_size=-1", "map_size"),
        ("readonly=1", "allowed: codec, compress, durability, map_size, ttl"),
    ],
)
def test_wrong_url(query: str, part: str) -> None:
    with pytest.raises(PersistableError, match=part):
        open_stash(f"lmdb:///data?{query}")


def test_wrong_fields(tmp_path: Path) -> None:
    for fields in ({"map_size": 0}, {"durability": "never"}, {"path": "data"}):
        with pytest.raises(PersistableError, match=r"map_size|never|pathlib"):
            LmdbStash(**{"path": tmp_path, **fields})  # type: ignore[arg-type]


def test_subclass_has_no_url(tmp_path: Path) -> None:
    class Mine(LmdbStash[Any]):
        pass

    with pytest.raises(PersistableError, match="Mine has no URL"):
        _ = Mine(tmp_path).url


def test_copies(stash: LmdbStash[Any]) -> None:
    stash["a"] = 1
    for other in (copy.copy(stash), copy.deepcopy(stash)):
        assert other == stash
        assert other["a"] == 1
    assert b"_opened" not in pickle.dumps(stash)


def test_codec_can_be_replaced(stash: LmdbStash[Any]) -> None:
    stash["a"] = 1
    stash.codec = JsonCodec()
    stash["b"] = 2
    info = stash.entry_info("b")
    assert info is not None
    assert info.codec == "json"


def test_what_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.mkdir()
    (path / "data.mdb").write_bytes(b"not a database" * 1000)
    stash = LmdbStash[Any](path)
    for use in (lambda: stash.load("a"), lambda: stash.dump("a", 1)):
        with pytest.raises(StoreUnavailableError, match=r"check that.*data\.mdb"):
            use()
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PersistableError, match="file is in the way"):
        LmdbStash[Any](file).dump("a", 1)


TOO_LARGE = """
import resource, sys
from pathlib import Path
from zensols.persist.error import PersistableError
from zensols.persist.stash.lmdb import LmdbStash

stash = LmdbStash(Path(sys.argv[1]), map_size=1 << 20)
stash["a"] = 1
_, hard = resource.getrlimit(resource.RLIMIT_AS)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 27), hard))
try:
    for number in range(200):
        stash[str(number)] = bytes(1 << 20)
except PersistableError as e:
    print(e)
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
assert stash["0"] == bytes(1 << 20)
assert 20 < len(stash) < 190, len(stash)
stash["b"] = 2
assert stash["b"] == 2
"""


@linux
def test_too_large_a_map(tmp_path: Path) -> None:
    """In a process of its own, in which nothing else comes to need, or to free,
    memory meanwhile.

    """
    done = subprocess.run(
        [sys.executable, "-c", TOO_LARGE, tmp_path / "data"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Cannot allocate memory" in done.stdout


def test_missing_driver(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['lmdb'] = None\n"
        "from zensols.persist.domain import open_stash\n"
        f"stash = open_stash('lmdb://{tmp_path}/data')\n"
        "try: stash.load('a')\n"
        "except Exception as e: print(type(e).__name__, e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("PersistableError")
    assert 'pip install "zensols.persist[lmdb]"' in done.stdout


def test_damaged_long_key_is_not_listed(stash: LmdbStash[Any], raw: RawLmdb) -> None:
    long = "a" * 600
    stash[long] = 1
    assert list(stash.keys()) == [long]
    raw.put(stash.path, b"\xff" + bytes(32), b"no entry")
    entry = bytes(default_codec().encode(1, "other"))
    raw.put(stash.path, b"\xff" + bytes(31) + b"1", entry)
    assert list(stash.keys()) == [long]


def test_foreign_name_is_not_listed(stash: LmdbStash[Any], raw: RawLmdb) -> None:
    stash["a"] = 1
    raw.put(stash.path, b"\xfe", b"no entry")
    assert list(stash.keys()) == ["a"]
    assert list(stash) == [("a", 1)]


def test_names_cannot_collide(stash: LmdbStash[Any], raw: RawLmdb) -> None:
    long = "a" * 512
    longest = "a" * 511
    twin = raw_name(long).decode("latin-1")
    stash.dump_many([(long, 1), (longest, 2), (twin, 3), ("", 4), ("\xff", 5)])
    assert dict(stash) == {long: 1, longest: 2, twin: 3, "": 4, "\xff": 5}
    assert len(raw.items(stash.path)) == 5


def test_beside_is_a_hidden_folder(stash: LmdbStash[Any]) -> None:
    stash["a"] = 1
    beside: Any = stash.beside("notes")
    assert isinstance(beside, LmdbStash)
    folder = stash.path.parent
    assert beside.load("a") is None
    assert os.listdir(folder) == [stash.path.name]
    beside["a"] = {"done": True}
    path = folder / f".{stash.path.name}.beside" / "notes"
    assert dict(LmdbStash[Any](path, codec=JsonCodec())) == {"a": {"done": True}}
    beside.close()


def test_beside_is_as_durable(tmp_path: Path) -> None:
    beside: Any = LmdbStash(tmp_path / "data", durability="fsync").beside("notes")
    assert beside.durability == "fsync"

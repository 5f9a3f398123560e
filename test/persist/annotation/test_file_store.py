from __future__ import annotations

import logging
import os
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.annotation.file_store import FileStore
from zensols.persist.codec import (
    BarePickleCodec,
    Codec,
    JsonCodec,
    SignedPickleCodec,
    file_info,
)
from zensols.persist.error import (
    CorruptDataError,
    LockTimeoutError,
    PersistableError,
    UntrustedDataError,
)
from zensols.persist.missing import MISSING


def make_store(
    path: Path,
    mkdir: bool = False,
    recover_empty: bool = False,
    codec: Codec | None = None,
    fingerprint: str = "",
) -> FileStore:
    return FileStore(path, mkdir, recover_empty, codec, fingerprint)


@pytest.mark.parametrize("value", [None, 0, "", [], {"a": (1, 2)}])
def test_round_trip(tmp_path: Path, value: object) -> None:
    store = make_store(tmp_path / "a.dat")
    assert store.load() is MISSING
    store.dump(value, 1.5)
    assert store.load() == value
    assert os.listdir(tmp_path) == ["a.dat"]
    assert file_info(str(tmp_path / "a.dat")).seconds == 1.5
    store.delete()
    store.delete()
    assert store.load() is MISSING


def test_path_is_found_when_made(in_tmp: Path, tmp_path_factory: Any) -> None:
    store = make_store(Path("a.dat"))
    os.chdir(tmp_path_factory.mktemp("other"))
    store.dump(1, 0)
    assert str(store) == str(in_tmp / "a.dat")
    assert (in_tmp / "a.dat").is_file()


def test_codec(tmp_path: Path) -> None:
    make_store(tmp_path / "a.dat", codec=JsonCodec()).dump({"a": 1}, 0)
    assert file_info(str(tmp_path / "a.dat")).codec == "json"
    assert make_store(tmp_path / "a.dat", codec=JsonCodec()).load() == {"a": 1}


def test_prepare(tmp_path: Path) -> None:
    make_store(tmp_path / "a.dat").prepare()
    missing = tmp_path / "b" / "c" / "a.dat"
    with pytest.raises(PersistableError, match=str(missing.parent)):
        make_store(missing).prepare()
    assert os.listdir(tmp_path) == []
    make_store(missing, mkdir=True).prepare()
    assert missing.parent.is_dir()


def test_load_where_there_is_no_folder(tmp_path: Path) -> None:
    store = make_store(tmp_path / "b" / "a.dat")
    assert store.load() is MISSING
    store.delete()


def test_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.touch()
    with pytest.raises(PersistableError, match=f"empty: {path}.*recover_empty"):
        make_store(path).load()
    with pytest.raises(PersistableError, match=f"empty: {path}"):
        make_store(path, fingerprint="1").load()
    assert make_store(path, recover_empty=True).load() is MISSING
    assert make_store(path, recover_empty=True, fingerprint="1").load() is MISSING


def test_f_truncated(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    make_store(path).dump(list(range(1000)), 0)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(CorruptDataError, match=str(path)):
        make_store(path).load()
    assert make_store(path, recover_empty=True).load() is MISSING


@pytest.mark.parametrize("recover_empty", [False, True])
@pytest.mark.parametrize("fingerprint", ["", "1"])
def test_untrusted_is_never_a_miss(
    tmp_path: Path, recover_empty: bool, fingerprint: str
) -> None:
    path = tmp_path / "a.dat"
    foreign = SignedPickleCodec(bytes(32))
    make_store(path, codec=foreign, fingerprint="0").dump([1], 0)
    store = make_store(path, False, recover_empty, None, fingerprint)
    with pytest.raises(UntrustedDataError, match=str(path)):
        store.load()
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(UntrustedDataError, match=str(path)):
        store.load()


def test_f_other_failures_name_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "a.dat"
    folder.mkdir()
    store = make_store(folder)
    with pytest.raises(PersistableError, match=str(folder)):
        store.load()
    with pytest.raises(PersistableError, match=str(folder)):
        store.dump(1, 0)
    with pytest.raises(PersistableError, match=str(folder)):
        store.delete()


def test_f_old_value_survives_what_cannot_be_pickled(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.dat")
    store.dump([1], 0)
    with pytest.raises(PersistableError, match=r"value\[0\]"):
        store.dump([threading.Lock()], 0)
    assert store.load() == [1]
    assert os.listdir(tmp_path) == ["a.dat"]


def test_fingerprint(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.dat"
    make_store(path, fingerprint="1").dump("first", 0)
    assert make_store(path, fingerprint="1").load() == "first"
    assert make_store(path).load() == "first"
    with caplog.at_level(logging.INFO, "zensols.persist"):
        assert make_store(path, fingerprint="2").load() is MISSING
    assert str(path) in caplog.text
    assert "another version" in caplog.text


def test_no_fingerprint_is_another(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    make_store(path).dump("first", 0)
    assert make_store(path, fingerprint="1").load() is MISSING


def test_trusted_data_without_fingerprint_is_outdated(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes(pickle.dumps("older"))
    codec = SignedPickleCodec(trust="any")
    assert make_store(path, codec=codec).load() == "older"
    assert make_store(path, codec=codec, fingerprint="1").load() is MISSING


def test_codec_must_keep_the_fingerprint(tmp_path: Path) -> None:
    make_store(tmp_path / "a.dat", codec=BarePickleCodec())
    with pytest.raises(PersistableError, match="can't keep the version"):
        make_store(tmp_path / "a.dat", codec=BarePickleCodec(), fingerprint="1")


def test_class_that_is_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, run_python: Callable[..., str]
) -> None:
    (tmp_path / "gone.py").write_text("class Gone: pass\n")
    code = """if True:
        from pathlib import Path
        from gone import Gone
        from zensols.persist.annotation.file_store import FileStore
        FileStore(Path("a.dat"), False, False, None, "").dump(Gone(), 0)
    """
    run_python(code)
    (tmp_path / "gone.py").unlink()
    with caplog.at_level(logging.INFO, "zensols.persist"):
        assert make_store(tmp_path / "a.dat").load() is MISSING
    assert "gone" in caplog.text


def test_lock(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.dat")
    raised: list[LockTimeoutError] = []

    def enter() -> None:
        try:
            with make_store(tmp_path / "a.dat").lock(0):
                pass
        except LockTimeoutError as e:
            raised.append(e)

    with store.lock(None), store.lock(0):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(60)
    assert str(os.getpid()) in str(raised[0])
    assert os.listdir(tmp_path) == []


def test_removes_what_killed_writers_left(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    code = """if True:
        from zensols.persist.files import temporary_path
        print(temporary_path("a.dat"))
    """
    name = run_python(code).strip()
    (tmp_path / name).touch()
    make_store(tmp_path / "a.dat").dump(1, 0)
    assert os.listdir(tmp_path) == ["a.dat"]


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="root may do all")
def test_read_only_folder(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.dat")
    store.dump(1, 0)
    tmp_path.chmod(0o500)
    try:
        assert store.load() == 1
        with pytest.raises(PersistableError, match=r"a\.dat"):
            store.delete()
    finally:
        with suppress(OSError):
            tmp_path.chmod(0o700)

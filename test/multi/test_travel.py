from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import run_code, run_script

from zensols.multi.error import CannotTravelError, ForeignKeyError
from zensols.multi.travel import (
    as_received,
    check_fingerprint,
    own_fingerprint,
    pack,
    unpack,
)
from zensols.persist import DictionaryStash, DirectoryStash, PersistableError
from zensols.persist.missing import MISSING

KEY = "42" * 32

UNPACK = "import sys; from zensols.multi.travel import unpack; "
UNPACK += "value = unpack(open(sys.argv[1], 'rb').read()); print({})"


def send(value: Any, expression: str, folder: Path, *, by_value: bool = False) -> str:
    """What another program prints that gets the value."""
    package = folder / "package"
    package.write_bytes(pack(value, "value", by_value=by_value))
    return run_code(UNPACK.format(expression), str(package))


class Words:
    def __init__(self, delegate: Any) -> None:
        self.delegate = delegate


class Refusing:
    """Can be pickled, but not restored."""

    def __reduce__(self) -> Any:
        return int, ("four",)


class Holder:
    def __init__(self, inner: Any) -> None:
        self.inner = inner


@pytest.mark.parametrize("by_value", [False, True])
def test_plain_values_travel(tmp_path: Path, by_value: bool) -> None:
    value = {"a": [1, None, Path("b")], "c": DictionaryStash({"d": 2})}
    shown = "value['a'], dict(value['c'])"
    expected = "[1, None, PosixPath('b')] {'d': 2}"
    assert send(value, shown, tmp_path, by_value=by_value) == expected


@pytest.mark.parametrize("by_value", [False, True])
def test_stashes_travel(tmp_path: Path, by_value: bool) -> None:
    stash = DirectoryStash[int](tmp_path / "data")
    send(stash, "value.dump('a', 1)", tmp_path, by_value=by_value)
    assert stash.exists("a")


@pytest.mark.parametrize("by_value", [False, True])
def test_closures_and_lambdas_travel(tmp_path: Path, by_value: bool) -> None:
    # As a program that can't import this module sees it.
    code = """
        import sys
        sys.path.insert(0, {folder!r})
        import closures
        from zensols.multi.travel import pack
        package = pack(closures.functions(3), "functions", by_value={by_value})
        open(sys.argv[1], "wb").write(package)
    """
    (tmp_path / "closures.py").write_text(
        "OFFSET = 1\n"
        "def functions(factor):\n"
        "    def scale(x): return x * factor + OFFSET\n"
        "    return scale, lambda x: scale(x) + 1\n"
    )
    package = tmp_path / "package"
    code = code.format(folder=str(tmp_path), by_value=by_value)
    run_script(tmp_path, code, str(package))
    shown = "[function(2) for function in value]"
    there = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {UNPACK}"
    assert run_code(there.format(shown), str(package)) == "[7, 8]"


SAME_MAIN = """
    import multiprocessing
    import sys
    import threading
    from concurrent.futures import ProcessPoolExecutor

    from zensols.multi.travel import pack, unpack

    LOCK = threading.Lock()
    offset = 3

    class Word:
        def __init__(self, text):
            self.text = text

    def read(text):
        with LOCK:
            return Word(text)

    def work(data):
        word, function, closure = unpack(data)
        made = [word, function("b"), closure()]
        return [type(word) is Word for word in made], [word.text for word in made]

    if __name__ == "__main__":
        value = [Word("a"), read, lambda: read(offset)]
        data = pack(value, "words", by_value=False)
        context = multiprocessing.get_context(sys.argv[1])
        with ProcessPoolExecutor(1, context) as pool:
            print(*pool.submit(work, data).result())
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_by_name_with_the_same_main(method: str, tmp_path: Path) -> None:
    expected = "[True, True, True] ['a', 'b', 3]"
    assert run_script(tmp_path, SAME_MAIN, method) == expected


@pytest.mark.parametrize("by_value", [False, True])
def test_what_cannot_travel_is_named(tmp_path: Path, by_value: bool) -> None:
    class Inner:
        lock: Any = None

    def close_over(inner: Any) -> Callable[[], Any]:
        return lambda: inner

    inner = Inner()
    inner.lock = lock = threading.Lock()
    with (tmp_path / "log").open("w") as log, socket.socket() as connection:
        for value, path, culprit in (
            (Words(Holder(lock)), ".delegate.inner", lock),
            (Words([0, {"log": log}]), ".delegate[1]['log']", log),
            (Words(close_over(connection)), ".delegate.<closure 'inner'>", connection),
            (Words(inner), ".delegate.lock", lock),
        ):
            with pytest.raises(CannotTravelError) as error:
                pack(value, "Words", by_value=by_value)
            text = str(error.value)
            assert text.startswith(f"Can't send Words{path}: {culprit!r}: cannot ")
            assert "__getstate__" in text


@pytest.mark.parametrize("by_value", [False, True])
def test_too_deep(by_value: bool) -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(CannotTravelError, match=r"Can't send list\[0\].*too deeply"):
        pack(value, "list", by_value=by_value)


def test_missing_modules_are_named(tmp_path: Path) -> None:
    (tmp_path / "only_there.py").write_text("class Word: pass")
    code = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from only_there import Word
        from zensols.multi.travel import pack
        open(sys.argv[1], "wb").write(pack(Word(), "word", by_value=True))
    """
    run_code(code, str(tmp_path / "package"))
    with pytest.raises(CannotTravelError) as error:
        unpack((tmp_path / "package").read_bytes())
    assert f"Process {os.getpid()} on {socket.gethostname()}" in str(error.value)
    assert "No module named 'only_there'" in str(error.value)


def test_what_refuses_to_be_restored() -> None:
    with pytest.raises(PersistableError, match="was sent to this process: ValueError"):
        unpack(pack(Refusing(), "Refusing", by_value=False))


def test_received_is_a_copy() -> None:
    value = {"a": [1]}
    received = as_received(value)
    assert received == value
    assert received is not value


@pytest.mark.parametrize(
    "value",
    [threading.Lock(), lambda: 1, io.StringIO.read, MISSING],
    ids=["lock", "lambda", "method", "missing"],
)
def test_received_or_missing(value: Any) -> None:
    expected = value if value is io.StringIO.read else MISSING
    assert as_received(value) is expected


def test_not_received_if_it_cannot_be_restored() -> None:
    assert as_received(Refusing()) is MISSING


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", KEY)
    return KEY


def test_same_key(key: str) -> None:
    fingerprint = own_fingerprint()
    check_fingerprint(fingerprint)
    assert fingerprint not in key


def test_another_key(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = own_fingerprint()
    monkeypatch.setenv("ZENSOLS_PERSIST_KEY", "43" * 32)
    found = own_fingerprint()
    with pytest.raises(ForeignKeyError) as error:
        check_fingerprint(expected)
    text = str(error.value)
    assert f"on {socket.gethostname()} has the signing key {found}, but" in text
    assert expected in text
    assert KEY not in text


def test_no_key_there(
    key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = own_fingerprint()
    monkeypatch.delenv("ZENSOLS_PERSIST_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(ForeignKeyError, match="has no signing key, but what it"):
        check_fingerprint(expected)
    assert list(tmp_path.iterdir()) == []


def test_own_key_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    check_fingerprint(own_fingerprint())
    assert len(list(tmp_path.rglob("key"))) == 1

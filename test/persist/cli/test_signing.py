from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash
from zensols.persist.cli.signing import sign
from zensols.persist.codec import SignedPickleCodec


class Bomb:
    def __reduce__(self) -> Any:
        return os.open, ("exploded", os.O_CREAT)


@pytest.fixture
def bare(in_tmp: Path) -> Any:
    """A folder of pickles that an older program left."""
    Path("old").mkdir()
    for key, value in (("a", [1]), ("b", {"x": Path("y")}), ("c", None)):
        Path("old", f"{key}.dat").write_bytes(pickle.dumps(value))
    return DirectoryStash[Any](Path("old"))


def test_adopts_a_folder(call: Any, bare: Any) -> None:
    done = call("sign", "dir:old", "--yes")
    assert "3 unsigned, 0 sound already, 0 refused" in done.stdout
    # Not the same one in each version of Python.
    assert f"  {Path.cwd().__module__}.PosixPath  in 1\n" in done.stdout
    assert done.stdout.endswith("3 signed, 0 failed\n")
    assert dict(bare) == {"a": [1], "b": {"x": Path("y")}, "c": None}
    call("verify", "dir:old")
    assert "0 unsigned, 3 sound" in call("sign", "dir:old", "--yes").stdout


def test_shows_before_it_runs(call: Any, bare: Any) -> None:
    Path("old", "d.dat").write_bytes(pickle.dumps(Bomb()))
    before = {path: path.read_bytes() for path in Path("old").iterdir()}
    for arguments, code in (
        (("--dry-run",), 0),
        ((), 2),
    ):
        done = call("sign", "dir:old", *arguments, code=code)
        assert "  posix.open  in 1\n" in done.stdout
    assert not Path("exploded").exists()
    assert {path: path.read_bytes() for path in Path("old").iterdir()} == before
    call("sign", "dir:old", "--yes")
    assert Path("exploded").exists()


def test_what_cannot_be_read_stays(call: Any, bare: Any) -> None:
    gone = pickle.dumps(Bomb()).replace(b"posix", b"pohix")
    Path("old", "gone.dat").write_bytes(gone)
    Path("old", "text.dat").write_bytes(b"no pickle")
    done = call("sign", "dir:old", "--yes", "--json", code=1)
    shown, result = map(json.loads, done.stdout.splitlines())
    assert (shown["unsigned"], shown["refused"]) == (4, 1)
    assert shown["imports"]["pohix.open"] == 1
    assert result == {"signed": 3, "failed": 2}
    assert "gone: Can't import" in done.stderr
    assert "text: Neither an entry nor a pickle" in done.stderr
    assert Path("old", "gone.dat").read_bytes() == gone
    assert Path("old", "text.dat").read_bytes() == b"no pickle"
    assert bare["a"] == [1]


def test_foreign_only_if_asked_for(call: Any, in_tmp: Path) -> None:
    theirs = SignedPickleCodec(key="02" * 32)
    entry = bytes(theirs.encode([1], "a", fingerprint="f", seconds=1.5))
    store: DirectoryStash[Any] = DirectoryStash(Path("data"))
    store.dump_entry("a", entry)
    call("sign", "dir:data", "--yes", code=1)
    assert Path("data", "a.dat").read_bytes() == entry
    call("sign", "dir:data", "--yes", "--foreign")
    assert store["a"] == [1]
    info = store.entry_info("a")
    assert info is not None
    assert (info.fingerprint, info.seconds) == ("f", 1.5)


def test_moved_and_altered_are_refused(call: Any, filled: Any) -> None:
    filled.dump_entry("moved", filled.load_entry("a"))
    entry = filled.load_entry("b")
    filled.dump_entry("b", entry[:-2] + b"!" + entry[-1:])
    call("sign", "dir:data", "--yes", "--foreign", code=1)
    assert json.loads(
        call("verify", "dir:data", "--json", code=1).stdout.splitlines()[-1]
    ) == {
        "entries": 4,
        "sound": 2,
    }


def test_command_is_documented() -> None:
    assert sign.__doc__
    assert "which runs what it" in sign.__doc__

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash, ExpiringStash, ShelveStash
from zensols.persist.codec import CompressedCodec, JsonCodec, SignedPickleCodec


def entries(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_entries_are_moved_as_they_are(call: Any, filled: Any) -> None:
    assert call("copy", "dir:data", "dir:copy").stdout.startswith("3 copied, 0 the")
    assert entries("copy") == entries("data")
    assert call("copy", "dir:data", "dir:copy").stdout.startswith("0 copied, 3 the")


def test_identical_by_payload_is_skipped(call: Any, filled: Any) -> None:
    theirs = SignedPickleCodec(key="02" * 32)
    other: DirectoryStash[Any] = DirectoryStash(Path("copy"), codec=theirs)
    other["a"] = [1, 2]
    other["b"] = "something else"
    before = Path("copy", "a.dat").read_bytes()
    done = call("copy", "dir:data", "dir:copy", "--json")
    assert json.loads(done.stdout) == {"copied": 2, "same": 1, "failed": 0}
    assert Path("copy", "a.dat").read_bytes() == before
    assert Path("copy", "b.dat").read_bytes() == Path("data", "b.dat").read_bytes()


def test_other_keys_stay(call: Any, filled: Any) -> None:
    target: DirectoryStash[Any] = DirectoryStash(Path("copy"))
    target["mine"] = 1
    call("copy", "dir:data", "dir:copy")
    assert set(target.keys()) == {"a", "b", "long", "mine"}


def test_foreign_entries_are_copied(call: Any, in_tmp: Path) -> None:
    theirs = SignedPickleCodec(key="02" * 32)
    source: DirectoryStash[Any] = DirectoryStash(Path("data"), codec=theirs)
    source["a"] = [1, 2]
    call("copy", "dir:data", "dir:copy")
    assert entries("copy") == entries("data")
    call("copy", "dir:data", "dir:json?codec=json", code=1)
    assert not Path("json").exists()


def test_to_another_codec_and_back(call: Any, filled: Any) -> None:
    call("copy", "dir:data", "dir:json?codec=json&pattern={name}.json")
    json_stash: DirectoryStash[Any] = DirectoryStash(
        Path("json"), "{name}.json", codec=JsonCodec()
    )
    assert dict(json_stash) == dict(filled)
    call("copy", "dir:json?codec=json&pattern={name}.json", "shelve:shelf")
    assert dict(ShelveStash(Path("shelf"))) == dict(filled)
    again = call("copy", "dir:data", "shelve:shelf", "--json").stdout
    assert json.loads(again)["copied"] == 0


def test_what_another_codec_cannot_hold_is_named(call: Any, filled: Any) -> None:
    filled["odd"] = object()
    done = call("copy", "dir:data", "dir:json?codec=json", "--json", code=1)
    assert json.loads(done.stdout) == {"copied": 3, "same": 0, "failed": 1}
    assert done.stderr.startswith("stash: odd: ")


def test_compressed(call: Any, filled: Any) -> None:
    call("copy", "dir:data", "dir:small?compress=zlib")
    small: DirectoryStash[Any] = DirectoryStash(Path("small"))
    info = small.entry_info("long")
    assert info is not None
    assert info.compression == "zlib"
    assert dict(small) == dict(filled)
    again = call("copy", "dir:data", "dir:small?compress=zlib", "--json").stdout
    assert json.loads(again) == {"copied": 0, "same": 3, "failed": 0}
    # Any codec reads what is compressed.
    call("copy", "dir:small", "dir:copy")
    assert entries("copy") == entries("small")


def test_time_to_live(call: Any, filled: Any) -> None:
    call("copy", "dir:data", "dir:short?ttl=3600")
    short = DirectoryStash[Any](Path("short"))
    assert type(short["a"]).__name__ == "Expiring"
    assert dict(ExpiringStash(short, 3600)) == dict(filled)
    again = call("copy", "dir:data", "dir:short?ttl=3600", "--json").stdout
    assert json.loads(again) == {"copied": 0, "same": 3, "failed": 0}
    call("copy", "dir:short?ttl=3600", "dir:copy?ttl=60")
    assert entries("copy") == entries("short")
    call("copy", "dir:short?ttl=3600", "dir:plain")
    assert dict(DirectoryStash[Any](Path("plain"))) == dict(filled)


def test_damaged_entry_does_not_stop_it(call: Any, filled: Any) -> None:
    Path("data", "a.dat").write_bytes(Path("data", "a.dat").read_bytes()[:40])
    done = call("copy", "dir:data", "dir:copy", "--json", code=1)
    assert json.loads(done.stdout) == {"copied": 2, "same": 0, "failed": 1}
    assert "Truncated" in done.stderr
    assert entries("copy").keys() == {"b.dat", "long.dat"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all files")
def test_unreadable_entry_does_not_stop_it(call: Any, filled: Any) -> None:
    Path("data", "b.dat").chmod(0)
    call("copy", "dir:data", "dir:copy", code=1)
    assert entries("copy").keys() == {"a.dat", "long.dat"}


def test_target_that_takes_nothing(call: Any, in_tmp: Path) -> None:
    source: DirectoryStash[Any] = DirectoryStash(Path("data"))
    for n in range(50):
        source[str(n)] = n
    Path("file").write_text("no folder")
    done = call("copy", "dir:data", "dir:file/copy", code=4)
    assert "Giving up" in done.stderr
    assert len(done.stderr.splitlines()) < 30


def test_archive_is_not_written_to(call: Any, filled: Any) -> None:
    import zipfile

    with zipfile.ZipFile("a.zip", "w") as archive:
        archive.writestr("x.txt", "text")
    done = call("copy", "dir:data", "zip:a.zip", code=1)
    assert "read-only" in done.stderr
    call("copy", "zip:a.zip", "dir:copy")
    assert dict(DirectoryStash[Any](Path("copy"))) == {"x.txt": b"text"}


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)]
)
def test_killed_copy_goes_on(
    call: Any,
    in_tmp: Path,
    command: str,
    interrupted_environment: Any,
    how: signal.Signals,
    code: int,
) -> None:
    source: DirectoryStash[Any] = DirectoryStash(Path("data"))
    for n in range(2000):
        source[str(n)] = [n] * 100
    there = 2000
    # Again if it was done before it could be stopped.
    while there == 2000:
        shutil.rmtree("copy", ignore_errors=True)
        with subprocess.Popen(
            [command, "copy", "dir:data", "dir:copy"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=interrupted_environment,
        ) as process:
            while process.poll() is None and not Path("copy").exists():
                pass
            process.send_signal(how)
            _, complaint = process.communicate()
        there = len([name for name in os.listdir("copy") if name.endswith(".dat")])
    assert process.returncode == code
    assert complaint == ("stash: Interrupted\n" if how is signal.SIGINT else "")
    done = json.loads(call("copy", "dir:data", "dir:copy", "--json").stdout)
    assert done == {"copied": 2000 - there, "same": there, "failed": 0}
    verified = json.loads(call("verify", "dir:copy", "--json").stdout)
    assert verified == {"entries": 2000, "sound": 2000}


def test_no_progress_without_a_terminal(call: Any, filled: Any) -> None:
    assert call("copy", "dir:data", "dir:copy").stderr == ""


@pytest.mark.parametrize("colors", [True, False])
def test_progress_on_a_terminal(
    filled: Any, command: str, clean_environment: dict[str, str], colors: bool
) -> None:
    env = clean_environment | {"COLUMNS": "100"} | ({} if colors else {"NO_COLOR": "1"})
    shown, code, out = on_terminal([command, "copy", "dir:data", "dir:copy"], env)
    assert code == 0
    assert out == b"3 copied, 0 the same already, 0 failed\n"
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert "Copying" in text
    assert "3/3" in text
    assert "/s" in text
    assert "ETA 0:00:00" in text
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]", shown)) is colors


def test_complaints_on_a_terminal(
    filled: Any, command: str, clean_environment: dict[str, str]
) -> None:
    Path("data", "a.dat").write_bytes(b"")
    env = clean_environment | {"COLUMNS": "200", "NO_COLOR": "1"}
    shown, code, _ = on_terminal([command, "copy", "dir:data", "dir:copy"], env)
    assert code == 1
    assert "stash: a: " in shown


def on_terminal(arguments: list[str], env: dict[str, str]) -> tuple[str, int, bytes]:
    """What a command shows where its standard error is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=theirs, env=env
    ) as process:
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        out, _ = process.communicate()
    os.close(ours)
    return shown.decode(), process.returncode, out


def test_one_store_in_two_codecs_is_no_copy(call: Any, in_tmp: Path) -> None:
    codec = CompressedCodec(JsonCodec())
    DirectoryStash[Any](Path("data"), codec=codec)["a"] = 1
    call("copy", "dir:data?codec=json&compress=zlib", "dir:data?codec=json", code=2)


def test_from_store_to_store(call: Any, filled: Any) -> None:
    urls = ["dir:data", "sqlite:b.db", "lmdb:c.lmdb", "shelve:d", "dir:e"]
    for source, target in pairwise(urls):
        done = call("copy", source, target, "--json")
        assert json.loads(done.stdout) == {"copied": 3, "same": 0, "failed": 0}
        assert done.stderr == ""
        listed = [
            call("ls", url, "--sort", "key", "--json") for url in (source, target)
        ]
        rows = [
            [json.loads(line) | {"age": 0} for line in done.stdout.splitlines()]
            for done in listed
        ]
        assert rows[0] == rows[1]
        assert len(rows[0]) == 3
        call("verify", target)
    assert entries("e") == entries("data")


@pytest.mark.parametrize("scheme", ["dir", "sqlite", "lmdb"])
def test_nothing_is_made_by_looking(call: Any, in_tmp: Path, scheme: str) -> None:
    for command in ("ls", "info", "verify"):
        assert "nothing at typo" in call(command, f"{scheme}:typo").stderr
    call("get", f"{scheme}:typo", "a", code=1)
    assert os.listdir() == []

"""What S3, and those who can write to its bucket, may do to a stash."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from patience import insist
from server_s3 import S3Server, s3_client

import zensols.persist
from zensols.persist.domain import open_stash
from zensols.persist.error import StoreUnavailableError, UntrustedDataError

ROOT = Path(zensols.persist.__file__).parents[2]


def run(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


class Runs:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_planted_entries_are_refused_and_not_run(s3_url: str, tmp_path: Path) -> None:
    stash: Any = open_stash(s3_url)
    stash["mine"] = "mine"
    client = s3_client(stash.storage_options["endpoint_url"])
    url = urlsplit(stash.address)
    folder = url.path[1:]
    place = {"Bucket": url.netloc, "Key": f"{folder}/forged.dat"}
    client.put_object(**place, Body=pickle.dumps(Runs(tmp_path / "ran")))
    client.copy_object(
        Bucket=url.netloc,
        Key=f"{folder}/swapped.dat",
        CopySource={"Bucket": url.netloc, "Key": f"{folder}/mine.dat"},
    )
    client.close()
    for key in "forged", "swapped":
        for read in stash.load, stash.get, stash.__getitem__:
            with pytest.raises(UntrustedDataError):
                read(key)
        with pytest.raises(UntrustedDataError, match=key):
            list(stash.load_many([key]))
    assert not (tmp_path / "ran").exists()
    assert sorted(stash.keys()) == ["forged", "mine", "swapped"]
    stash.close()


def test_factory_runs_once_for_all_processes(s3_url: str, tmp_path: Path) -> None:
    code = """
import sys
from zensols.persist.domain import FactoryStash, ReadOnlyStash, open_stash
class Factory(ReadOnlyStash):
    def load(self, name):
        with open(sys.argv[2], "a") as log:
            log.write(name)
        return name.upper()
    def keys(self):
        return "abc"
stash = FactoryStash(open_stash(sys.argv[1]), Factory(), once=True)
print("".join(value for _, value in sorted(stash.items())))
"""
    processes = [run(code, s3_url, str(tmp_path / "log")) for _ in range(4)]
    outputs = [process.communicate()[0] for process in processes]
    assert outputs == ["ABC\n"] * 4
    assert sorted((tmp_path / "log").read_text()) == ["a", "b", "c"]


def test_new_store_is_used_by_many_at_once(s3_url: str) -> None:
    code = """
import sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
for number in range(10):
    stash[f"{sys.argv[2]}-{number}"] = number
"""
    processes = [run(code, s3_url, str(number)) for number in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    for process in processes:
        process.communicate()
    stash: Any = open_stash(s3_url)
    assert dict(stash.items()) == {
        f"{worker}-{number}": number for worker in range(3) for number in range(10)
    }
    stash.close()


def test_killed_writer_leaves_whole_values(s3_url: str) -> None:
    code = """
import sys
from zensols.persist.domain import open_stash
stash = open_stash(sys.argv[1])
number = 0
while True:
    number += 1
    stash["a"] = [number] * 200_000
    print(number, flush=True)
"""
    stash: Any = open_stash(s3_url)
    for _ in range(5):
        with run(code, s3_url) as process:
            assert process.stdout is not None
            acknowledged = [int(process.stdout.readline()) for _ in range(2)][-1]
            process.kill()
        value = stash["a"]
        assert value == [value[0]] * 200_000
        assert value[0] >= acknowledged
    stash.close()


def test_server_killed_in_the_middle_of_writes(
    start_s3: Callable[..., S3Server],
) -> None:
    server = start_s3()
    s3_client(server.endpoint).create_bucket(Bucket="bucket")
    url = f"s3://bucket/a?endpoint_url={server.endpoint}&timeout=60"
    code = """
import sys
from zensols.persist.domain import open_stash
from zensols.persist.error import StoreUnavailableError
stash = open_stash(sys.argv[1])
try:
    for number in range(1_000_000):
        stash["a"] = number
        print(number, flush=True)
except StoreUnavailableError as e:
    print(e)
"""
    with run(code, url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        server.kill()
        *_, error = process.stdout.read().splitlines()
        assert process.wait(60) == 0
    assert error.startswith(f"Can't use s3://bucket/a of {server.endpoint}: ")


def test_server_that_does_not_answer(start_s3: Callable[..., S3Server]) -> None:
    import time

    server = start_s3()
    s3_client(server.endpoint).create_bucket(Bucket="bucket")
    stash: Any = open_stash(f"s3://bucket/a?endpoint_url={server.endpoint}&timeout=2")
    insist(lambda: stash.dump("a", 1))
    server.pause()
    try:
        start = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="imeout"):
            stash.load("a")
        # The machine may be busy, but it isn't a hang.
        assert time.monotonic() - start < 30
    finally:
        server.resume()
    assert insist(lambda: stash["a"]) == 1
    stash.close()

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zensols.persist import DirectoryStash, ShelveStash, open_stash
from zensols.persist.cli.verifying import kind_of
from zensols.persist.codec import SignedPickleCodec
from zensols.persist.error import (
    AlteredDataError,
    CorruptDataError,
    PersistableError,
    UntrustedDataError,
)


def test_sound(call: Any, filled: Any) -> None:
    done = call("verify", "dir:data")
    assert done.stdout == ""
    assert done.stderr == "3 entries, 3 sound\n"


@pytest.mark.parametrize("url", ["dir:data", "shelve:data"])
def test_each_kind_is_told(call: Any, in_tmp: Path, url: str) -> None:
    store: Any = open_stash(url)
    for key in ("sound", "altered", "moved", "cut", "large"):
        store[key] = np.zeros(5_000) if key == "large" else [key]
    entry = store.load_entry("altered")
    store.dump_entry("altered", entry[:-3] + b"!" + entry[-2:])
    store.dump_entry("moved", store.load_entry("sound"))
    store.dump_entry("cut", store.load_entry("cut")[:-1])
    store.dump_entry("large", store.load_entry("large")[:-1] + b"!")
    store.dump_entry("bare", b"N.")
    theirs = SignedPickleCodec(key="02" * 32)
    store.dump_entry("foreign", bytes(theirs.encode(1, "foreign")))
    expected = {
        "altered": "altered",
        "moved": "untrusted",
        "cut": "corrupt",
        "large": "corrupt",
        "bare": "untrusted",
        "foreign": "untrusted",
    }
    lines = call("verify", url, code=1).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    assert {row[0]: row[1] for row in rows} == expected
    done = call("verify", url, "--json", code=1, ZENSOLS_PERSIST_TRUST="any")
    *found, summary = map(json.loads, done.stdout.splitlines())
    assert {row["key"]: row["kind"] for row in found} == expected
    assert summary == {"entries": 7, "sound": 1}


def test_json_entries(call: Any, in_tmp: Path) -> None:
    store: Any = open_stash("dir:data?codec=json&compress=zlib")
    store["a"] = store["b"] = "text"
    call("verify", "dir:data?codec=json")
    entry = store.load_entry("a")
    store.dump_entry("a", entry[:-1] + bytes([entry[-1] ^ 1]))
    done = call("verify", "dir:data?codec=json", code=1)
    assert done.stdout.startswith("a\tcorrupt\t")


def test_nothing_is_made(call: Any, in_tmp: Path) -> None:
    assert "0 entries" in call("verify", "dir:data").stderr
    assert not Path("data").exists()


def test_store_below_a_time_to_live(call: Any, in_tmp: Path) -> None:
    open_stash("dir:data?ttl=60")["a"] = 1
    assert "1 entries, 1 sound" in call("verify", "dir:data?ttl=60").stderr
    ShelveStash(Path("shelf"))["a"] = 1
    call("verify", "shelve:shelf")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AlteredDataError("x"), "altered"),
        (CorruptDataError("x"), "corrupt"),
        (UntrustedDataError("x"), "untrusted"),
        (PersistableError("x"), "unreadable"),
    ],
)
def test_kinds(error: PersistableError, kind: str) -> None:
    assert kind_of(error) == kind


def test_folder_is_read_by_the_file(call: Any, in_tmp: Path) -> None:
    store: DirectoryStash[Any] = DirectoryStash(Path("data"))
    store["x" * 5000] = np.zeros(1 << 18)
    call("verify", "dir:data")
    (file,) = Path("data").iterdir()
    with file.open("r+b") as data:
        data.seek(-1, 2)
        data.write(b"!")
    assert "buffer 0" in call("verify", "dir:data", code=1).stdout

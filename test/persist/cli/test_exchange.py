from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash, ShelveStash, open_stash


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_archive(call: Any, filled: Any) -> None:
    filled["x" * 5000] = filled["../a\0\udc80"] = filled["A"] = 1
    done = call("export", "dir:data", "a.zip")
    assert done.stdout == ""
    assert done.stderr == "stash: 6 exported, 0 failed\n"
    call("import", "dir:copy", "a.zip")
    assert contents("copy") == contents("data")
    done = call("import", "dir:copy", "a.zip", "--json")
    assert json.loads(done.stdout) == {"copied": 0, "same": 6, "failed": 0}
    call("import", "shelve:shelf", "a.zip")
    assert dict(ShelveStash(Path("shelf"))) == dict(filled)


def test_to_another_codec(call: Any, filled: Any) -> None:
    call("export", "dir:data", "a.zip")
    call("import", "dir:json?codec=json", "a.zip")
    assert dict(open_stash("dir:json?codec=json")) == dict(filled)
    call("export", "dir:json?codec=json", "b.zip")
    call("import", "dir:back", "b.zip")
    assert dict(open_stash("dir:back")) == dict(filled)


def test_json_lines(call: Any, filled: Any) -> None:
    filled["odd\udc80"] = (1, {2})
    call("export", "dir:data", "a.jsonl", "--json")
    rows = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    assert {"key": "a", "value": [1, 2]} in rows
    call("import", "dir:copy", "a.jsonl")
    assert dict(open_stash("dir:copy")) == dict(filled)


def test_what_json_has_no_form_for(call: Any, filled: Any) -> None:
    filled["odd"] = object()
    done = call("export", "dir:data", "-", "--json", code=1)
    assert len(done.stdout.splitlines()) == 3
    assert "odd: " in done.stderr


def test_values_of_a_store_with_a_time_to_live(call: Any, in_tmp: Path) -> None:
    open_stash("dir:data?ttl=3600")["a"] = [1]
    call("export", "dir:data?ttl=3600", "a.zip")
    call("import", "dir:copy", "a.zip")
    call("import", "dir:short?ttl=60", "a.zip")
    assert dict(open_stash("dir:copy")) == dict(open_stash("dir:short?ttl=60"))


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_through_a_pipe(
    filled: Any, command: str, clean_environment: Any, form: list[str]
) -> None:
    options = " ".join(form)
    subprocess.run(
        f"{command} export dir:data - {options} | {command} import dir:copy -",
        shell=True,
        check=True,
        capture_output=True,
        env=clean_environment,
    )
    assert dict(DirectoryStash[Any](Path("copy"))) == dict(filled)


def test_failure_leaves_the_file_as_it_was(call: Any, filled: Any) -> None:
    Path("folder").mkdir()
    call("export", "dir:data", "folder", code=4)
    call("export", "dir:data", "none/a.zip", code=4)
    assert sorted(os.listdir()) == ["data", "folder"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"PK garbage", "Can't read archive"),
        (b"no json\n", "line 1"),
        (b'{"key": "a", "value": 1}\n{"key": 1, "value": 1}\n', "line 2"),
        (b'{"key": "a"}\n', "line 1"),
        (b'{"key": "a", "value": {"$nosuch": 1}}\n', "Unknown tag"),
    ],
)
def test_wrong_file(call: Any, in_tmp: Path, data: bytes, complaint: str) -> None:
    Path("file").write_bytes(data)
    assert complaint in call("import", "dir:data", "file", code=4).stderr


def test_forged_entry_is_imported_but_not_run(call: Any, in_tmp: Path) -> None:
    source: DirectoryStash[Any] = DirectoryStash(Path("data"))
    source.dump_entry("a", b"N.")
    call("export", "dir:data", "a.zip")
    call("import", "dir:copy", "a.zip")
    call("verify", "dir:copy", code=1)

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


def test_archive(stash: Any, filled: Any) -> None:
    filled["x" * 5000] = filled["../a\0\udc80"] = filled["A"] = 1
    done = stash("export", "dir:data", "a.zip")
    assert done.stdout == ""
    assert done.stderr == "stash: 6 exported, 0 failed\n"
    stash("import", "dir:copy", "a.zip")
    assert contents("copy") == contents("data")
    done = stash("import", "dir:copy", "a.zip", "--json")
    assert json.loads(done.stdout) == {"copied": 0, "same": 6, "failed": 0}
    stash("import", "shelve:shelf", "a.zip")
    assert dict(ShelveStash(Path("shelf"))) == dict(filled)


def test_to_another_codec(stash: Any, filled: Any) -> None:
    stash("export", "dir:data", "a.zip")
    stash("import", "dir:json?codec=json", "a.zip")
    assert dict(open_stash("dir:json?codec=json")) == dict(filled)
    stash("export", "dir:json?codec=json", "b.zip")
    stash("import", "dir:back", "b.zip")
    assert dict(open_stash("dir:back")) == dict(filled)


def test_json_lines(stash: Any, filled: Any) -> None:
    filled["odd\udc80"] = (1, {2})
    stash("export", "dir:data", "a.jsonl", "--json")
    rows = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    assert {"key": "a", "value": [1, 2]} in rows
    stash("import", "dir:copy", "a.jsonl")
    assert dict(open_stash("dir:copy")) == dict(filled)


def test_what_json_has_no_form_for(stash: Any, filled: Any) -> None:
    filled["odd"] = object()
    done = stash("export", "dir:data", "-", "--json", code=1)
    assert len(done.stdout.splitlines()) == 3
    assert "odd: " in done.stderr


def test_values_of_a_store_with_a_time_to_live(stash: Any, in_tmp: Path) -> None:
    open_stash("dir:data?ttl=3600")["a"] = [1]
    stash("export", "dir:data?ttl=3600", "a.zip")
    stash("import", "dir:copy", "a.zip")
    stash("import", "dir:short?ttl=60", "a.zip")
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


def test_failure_leaves_the_file_as_it_was(stash: Any, filled: Any) -> None:
    Path("folder").mkdir()
    stash("export", "dir:data", "folder", code=4)
    stash("export", "dir:data", "none/a.zip", code=4)
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
def test_wrong_file(stash: Any, in_tmp: Path, data: bytes, complaint: str) -> None:
    Path("file").write_bytes(data)
    assert complaint in stash("import", "dir:data", "file", code=4).stderr


def test_forged_entry_is_imported_but_not_run(stash: Any, in_tmp: Path) -> None:
    source: DirectoryStash[Any] = DirectoryStash(Path("data"))
    source.dump_entry("a", b"N.")
    stash("export", "dir:data", "a.zip")
    stash("import", "dir:copy", "a.zip")
    stash("verify", "dir:copy", code=1)

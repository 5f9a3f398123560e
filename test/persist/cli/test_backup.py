"""The commands on backups as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from zensols.persist import DirectoryStash, open_stash
from zensols.persist.cli.backup import COMMANDS

NAMES = "now ls show diff restore undo prune schedule status verify".split()


def test_help_names_commands(call: Any) -> None:
    assert [command.__name__ for command in COMMANDS] == NAMES
    text = call("backup", "--help").stdout
    for name in NAMES:
        assert f"\n  {name} " in text
    assert "\n  backup " in call("--help").stdout


@pytest.mark.parametrize("name", NAMES)
def test_each_command_has_examples(call: Any, name: str) -> None:
    text = call("backup", name, "--help").stdout
    assert f"    stash backup {name} " in text.partition("Examples:\n")[2]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Missing command"),
        (("now",), "STORE"),
        (("now", "dir:a"), "INTO"),
        (("now", "a", "dir:b"), "No scheme"),
        (("now", "dir:a", "nosuch:b"), "unknown scheme 'nosuch'"),
        (("now", "dir:a", "dir:a"), "are the same store"),
        (("restore", "dir:a", "latest", "dir:a"), "are the same store"),
        (("restore", "dir:a", "latest"), "STORE"),
        (("restore", "dir:a", "latest", "dir:b", "--mode", "mix"), "--mode"),
        (("diff", "dir:a", "latest"), "B"),
        (("undo", "dir:a"), "INTO"),
        (("prune", "dir:a"), "Give one of --keep"),
        (("prune", "dir:a", "--keep", "0"), "--keep"),
        (("prune", "dir:a", "--keep", "1", "--daily", "1"), "Give either --keep"),
        (("prune", "dir:a", "--keep", "1", "--id", "1"), "Give one of --keep"),
        (("prune", "dir:a", "--id", "1", "--name", "x"), "--name or --id"),
        (("prune", "dir:a", "--daily", "0"), "Nothing would be kept"),
        (("prune", "dir:a", "--older-than", "30"), "'30' is no age"),
        (("status", "dir:a", "--max-age", "1 month"), "is no age"),
        (("schedule", "dir:a", "dir:a"), "are the same store"),
        (("schedule", "dir:a", "dir:b", "--at", "25:00"), "Wrong time of day"),
        (("schedule", "dir:a", "dir:b", "--timezone", "No/Where"), "Unknown time zone"),
        (("schedule", "dir:a", "dir:b", "--keep", "1", "--weekly", "1"), "Give either"),
    ],
)
def test_wrong_use(call: Any, arguments: tuple[str, ...], complaint: str) -> None:
    done = call("backup", *arguments, code=2)
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("stash: ")
    assert complaint in last
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("ls",), 0),
        (("verify",), 0),
        (("prune", "--keep", "1"), 0),
        (("show",), 1),
        (("status",), 1),
        (("verify", "latest"), 1),
        (("diff", "latest", "0"), 1),
        (("restore", "latest", "dir:data"), 1),
    ],
)
@pytest.mark.parametrize("scheme", ["dir", "sqlite"])
def test_nothing_is_there(
    call: Any, scheme: str, arguments: tuple[str, ...], code: int
) -> None:
    name, *rest = arguments
    done = call("backup", name, f"{scheme}:typo", *rest, code=code)
    assert done.stdout == ""
    assert done.stderr.startswith("stash: There is nothing at typo yet\n")
    assert ("\nstash: No " in done.stderr) is (code == 1)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("name", ["now", "schedule"])
def test_nothing_is_no_backup_of_what_is_misspelt(call: Any, name: str) -> None:
    more = ["--once"] if name == "schedule" else []
    done = call("backup", name, "dir:typo", "dir:backups", *more, code=1)
    assert (done.stdout, done.stderr) == ("", "stash: There is nothing at typo yet\n")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("ls", "URL"),
        ("show", "URL"),
        ("now", "dir:data", "URL"),
        ("now", "URL", "dir:backups"),
        ("undo", "dir:data", "URL"),
        ("schedule", "dir:data", "URL", "--once"),
        ("status", "URL"),
    ],
)
def test_server_that_is_not_there(
    call: Any, filled: Any, arguments: tuple[str, ...]
) -> None:
    url = "redis://ann:secret@127.0.0.1:1/0"
    done = call("backup", *(url if a == "URL" else a for a in arguments), code=3)
    assert done.stdout == ""
    assert done.stderr.startswith("stash: ")
    assert done.stderr.count("\n") == 1
    assert "redis://ann:***@127.0.0.1:1" in done.stderr
    assert "secret" not in done.stderr


def test_installed_command(stash: Any, filled: Any) -> None:
    row = json.loads(stash("backup", "now", "dir:data", "sqlite:b.db", "--json").stdout)
    assert (row["entries"], row["unchanged"]) == (3, False)
    filled["a"] = "changed"
    shown = stash("backup", "diff", "sqlite:b.db", row["id"], "dir:data").stdout
    assert shown == "changed\ta\n"
    asked = stash("backup", "restore", "sqlite:b.db", "latest", "dir:data", code=2)
    assert "0 added, 1 changed (a), 0 removed? There is nobody to ask" in asked.stderr
    assert filled["a"] == "changed"


@pytest.mark.parametrize("into", ["lmdb:b.lmdb", "shelve:b"])
def test_round_trip_between_stores(
    call: Any, filled: Any, data_name: str, into: str
) -> None:
    before = dict(filled)
    call("backup", "now", "dir:data", into)
    filled["a"] = "changed"
    del filled["b"]
    done = call("backup", "restore", into, "latest", "dir:data", "--yes", "--json")
    assert json.loads(done.stdout) == {
        "snapshot": json.loads(call("backup", "ls", into, "--json").stdout)["id"],
        "name": data_name,
        "added": 1,
        "changed": 1,
        "removed": 0,
    }
    assert dict(filled) == before
    call("backup", "undo", "dir:data", into, "--yes")
    assert dict(filled) == {"a": "changed", "long": before["long"]}
    call("backup", "verify", into)


@pytest.mark.parametrize("kind", ["redis", "postgres", "s3"])
def test_snapshots_on_servers(
    call: Any, request: pytest.FixtureRequest, filled: Any, data_name: str, kind: str
) -> None:
    into = request.getfixturevalue(f"{kind}_url")
    before = dict(filled)
    call("backup", "now", "dir:data", into)
    filled["a"] = "changed"
    (row,) = map(json.loads, call("backup", "ls", into, "--json").stdout.splitlines())
    assert (row["name"], row["entries"]) == (data_name, 3)
    call("backup", "restore", into, row["id"], "dir:data", "--yes")
    assert dict(filled) == before
    call("backup", "undo", "dir:data", into, "--yes")
    assert filled["a"] == "changed"
    assert call("backup", "verify", into).stderr == "1 snapshots, 1 sound\n"


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_stores_on_servers(
    call: Any, request: pytest.FixtureRequest, filled: Any, data_name: str, kind: str
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    before = dict(filled)
    with closing(open_stash(url)) as there:
        there.dump_many(before.items())
        call("backup", "schedule", url, "dir:backups", "--once")
        there.clear()
        call("backup", "now", url, "dir:backups")
        done = call("backup", "diff", "dir:backups", "latest", "00000001")
        assert done.stdout == "added\ta\nadded\tb\nadded\tlong\n"
        call("backup", "restore", "dir:backups", "00000001", url, "--yes")
        assert dict(there) == before
        call("backup", "undo", url, "dir:backups", "--yes")
        assert dict(there) == {}
    call("backup", "status", "dir:backups", "--max-age", "1d")
    call("backup", "prune", "dir:backups", "--keep", "1", "--yes")
    assert call("backup", "verify", "dir:backups").stderr == "1 snapshots, 1 sound\n"


def test_nothing_is_decoded(call: Any, in_tmp: Path) -> None:
    stash: DirectoryStash[Any] = DirectoryStash(Path("data"))
    Path("data").mkdir()
    Path("data", "evil.dat").write_bytes(b"cos\nsystem\n(S'touch evil'\ntR.")
    call("backup", "now", "dir:data", "dir:backups")
    call("backup", "show", "dir:backups", code=1)
    Path("data", "evil.dat").unlink()
    call("backup", "restore", "dir:backups", "latest", "dir:data", "--yes")
    assert list(stash.keys()) == ["evil"]
    assert Path("data", "evil.dat").read_bytes().startswith(b"cos\nsystem")
    assert not Path("evil").exists()


def test_backups_are_only_imported_when_they_are_used() -> None:
    code = (
        "import sys; from zensols.persist.cli import app; "
        "print([m for m in ('apscheduler', 'rich', 'msgspec', "
        "'zensols.persist.backup.snapshotting') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

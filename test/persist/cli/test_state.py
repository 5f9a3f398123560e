"""The commands on states as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from stories import Message, tell

from zensols.persist.cli.state import COMMANDS
from zensols.persist.state import SQLitePersister

NAMES = "ls show history diff fork rm prune export import".split()


def test_help_names_commands(call: Any) -> None:
    assert [command.__name__.rstrip("_") for command in COMMANDS] == NAMES
    text = call("state", "--help").stdout
    for name in NAMES:
        assert f"\n  {name} " in text
    assert "\n  state " in call("--help").stdout


@pytest.mark.parametrize("name", NAMES)
def test_each_command_has_examples(call: Any, name: str) -> None:
    text = call("state", name, "--help").stdout
    assert "Examples:\n" in text
    assert f"    stash state {name} " in text.partition("Examples:")[2]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Missing command"),
        (("no-such",), "No such command"),
        (("ls",), "URL"),
        (("ls", "states.db", "--all"), "No scheme"),
        (("ls", "nosuch:a", "--all"), "unknown scheme 'nosuch'"),
        (("ls", "sqlite:a?speed=9", "--all"), "unknown option 'speed'"),
        (("ls", "sqlite:a"), "--all for every one"),
        (("ls", "sqlite:a", "--all", "--no-partition"), "--all for every one"),
        (("ls", "sqlite:a", "--all", "-p", "x"), "--all for every one"),
        (("show", "sqlite:a"), "APP"),
        (("show", "sqlite:a", "chat", "one"), "SEQ"),
        (("diff", "sqlite:a", "chat", "1"), "B"),
        (("fork", "sqlite:a", "chat", "1"), "NEW"),
        (("rm", "sqlite:a"), "APP"),
        (("prune", "sqlite:a", "--keep-apps", "1"), "--all for every one"),
        (("prune", "sqlite:a", "--all"), "--max-age, --keep-apps or --keep-states"),
        (("prune", "sqlite:a", "--all", "--keep-states", "0"), "keep-states"),
        (("prune", "sqlite:a", "--all", "--max-age", "30"), "'30' is no age"),
        (("prune", "sqlite:a", "--all", "--max-age", "3 months"), "is no age"),
        (("prune", "sqlite:a", "--all", "--max-age", "9999w"), None),
        (("prune", "sqlite:a", "--all", "--max-age", "200000w"), "than there are"),
        (("prune", "sqlite:a", "--all", "--max-age", "9" * 400 + "d"), "than there"),
        (("export", "sqlite:a", "--app", "chat"), "with --app"),
        (("export", "sqlite:a", "-p", "x", "--no-partition"), "not both"),
        (("import", "sqlite:a"), "FILE"),
        (("import", "sqlite:a", "no-such-file"), "Can't read no-such-file"),
    ],
)
def test_wrong_use(
    call: Any, arguments: tuple[str, ...], complaint: str | None
) -> None:
    done = call("state", *arguments, code=0 if complaint is None else 2)
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("stash: ")
    assert (complaint or "nothing at a yet") in last
    assert not Path("a").exists()


@pytest.mark.parametrize(
    "arguments", [("ls", "--all"), ("show", "chat"), ("export",), ("rm", "x", "-y")]
)
def test_server_that_is_not_there(call: Any, arguments: tuple[str, ...]) -> None:
    name, *rest = arguments
    url = "redis://ann:secret@127.0.0.1:1/0"
    done = call("state", name, url, *rest, code=3)
    assert done.stdout == ""
    assert done.stderr.startswith("stash: ")
    assert done.stderr.count("\n") == 1
    assert "redis://ann:***@127.0.0.1:1" in done.stderr
    assert "secret" not in done.stderr


def test_file_that_is_no_database(call: Any) -> None:
    Path("a.db").write_text("no database " * 100)
    done = call("state", "ls", "sqlite:a.db", "--all", code=4)
    assert done.stderr.count("\n") == 1
    assert "a.db" in done.stderr


def test_installed_command(stash: Any) -> None:
    with SQLitePersister("a.db", types=[Message]) as persister:
        tell(persister)
    assert len(stash("state", "ls", "sqlite:a.db", "--all").stdout.splitlines()) == 4
    assert stash("state", "ls", "sqlite:a.db", code=2).stdout == ""
    done = stash(_STASH_COMPLETE="complete_bash", COMP_WORDS="stash st", COMP_CWORD="1")
    assert done.stdout.split() == ["state"]


def test_databases_are_only_imported_when_they_are_used() -> None:
    code = (
        "import sys; from zensols.persist.cli import app; "
        "print([m for m in ('sqlite3', 'redis', 'rich', 'zensols.persist.state.sqlite')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

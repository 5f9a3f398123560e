"""The commands that show and compare states."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from stories import Message, tell

from zensols.persist.state import SQLitePersister


@pytest.fixture(autouse=True)
def story(in_tmp: Path) -> None:
    with SQLitePersister("a.db", types=[Message], schema_version=2) as persister:
        tell(persister)


def test_state_is_shown_as_it_is_stored(call: Any) -> None:
    done = call("state", "show", "sqlite:a.db", "chat", "1", "-p", "user 1")
    assert done.stdout.startswith('{\n  "messages": [\n    {\n      "$object": [\n')
    assert json.loads(done.stdout) == {
        "messages": [{"$object": ["stories.Message", {"text": "bla " * 1000}]}],
        "size": {"$tuple": [1, 4]},
    }


def test_last_state_by_default(call: Any) -> None:
    done = call("state", "show", "sqlite:a.db", "chat", "-p", "user 1")
    assert json.loads(done.stdout) == {"n": 5}
    done = call("state", "show", "sqlite:a.db", "chat")
    assert json.loads(done.stdout) == {"in": None}


def test_all_that_was_saved(call: Any) -> None:
    done = call("state", "show", "sqlite:a.db", "chat", "-p", "user 1", "--json")
    with SQLitePersister("a.db") as persister:
        created_at = persister.history("user 1", "chat")[-1].created_at
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == {
        "partition_key": "user 1",
        "app_id": "chat",
        "sequence_id": 5,
        "position": "listen",
        "status": "completed",
        "created_at": created_at,
        "schema_version": 2,
        "state": {"n": 5},
    }


def test_fork_shows_its_past(call: Any) -> None:
    done = call("state", "show", "sqlite:a.db", "other chat", "2", "-p", "user 1")
    assert len(json.loads(done.stdout)["messages"]) == 2


def test_nothing_means_anything_to_the_terminal(call: Any) -> None:
    nasty = "\x1b[31m\x9b\u202e\x7f\n\t<script>\U000e0001é"
    with SQLitePersister("a.db") as persister:
        persister.save(None, "nasty", 1, nasty, {nasty: nasty}, "completed")
        persister.save(None, "nasty", 2, nasty, {nasty: ""}, "completed")
    for arguments in (
        ("show", "sqlite:a.db", "nasty", "1"),
        ("show", "sqlite:a.db", "nasty", "1", "--json"),
        ("diff", "sqlite:a.db", "nasty", "1", "2"),
        ("diff", "sqlite:a.db", "nasty", "1", "2", "--json"),
    ):
        text = call("state", *arguments).stdout
        assert text.replace("\n", "").isprintable()
        assert "<script>" in text
    shown = call("state", "show", "sqlite:a.db", "nasty", "1").stdout
    assert json.loads(shown) == {nasty: nasty}
    assert "é" in shown


def test_what_is_not_there_is_said(call: Any) -> None:
    done = call("state", "show", "sqlite:a.db", "chat", "3", "-p", "user 1", code=1)
    assert done.stdout == ""
    assert done.stderr == "stash: No such state 3 of chat, in partition user 1\n"
    done = call("state", "show", "sqlite:a.db", "chut", "3", "-p", "user 1", code=1)
    assert done.stderr == "stash: No such application: chut, in partition user 1\n"
    done = call("state", "diff", "sqlite:a.db", "chat", "1", "9", code=1)
    assert "No such state 9 of chat" in done.stderr


def test_damaged_state(call: Any) -> None:
    with sqlite3.connect("a.db") as connection:
        connection.execute("UPDATE burr_state SET payload = x'00' WHERE id = 1")
    connection.close()
    done = call("state", "show", "sqlite:a.db", "chat", "1", "-p", "user 1", code=4)
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "state 1 of application 'chat' in partition 'user 1'" in done.stderr


def test_differences(call: Any) -> None:
    done = call("state", "diff", "sqlite:a.db", "chat", "1", "2", "-p", "user 1")
    text = json.dumps("bla " * 1000)
    assert done.stdout.splitlines() == [
        f'+ messages[1]: {{"$object": ["stories.Message", {{"text": {text}}}]}}',
        "~ size['$tuple'][0]: 1 → 2",
    ]
    back = call("state", "diff", "sqlite:a.db", "chat", "2", "1", "-p", "user 1")
    assert back.stdout.startswith("- messages[1]: {")
    same = call("state", "diff", "sqlite:a.db", "chat", "2", "2", "-p", "user 1")
    assert same.stdout == ""


def test_differences_as_json(call: Any) -> None:
    done = call(
        "state", "diff", "sqlite:a.db", "chat", "1", "2", "-p", "user 1", "--json"
    )
    added, changed = map(json.loads, done.stdout.splitlines())
    assert (added["kind"], added["path"]) == ("added", "messages[1]")
    assert "before" not in added
    assert changed == {
        "kind": "changed",
        "path": "size['$tuple'][0]",
        "before": 1,
        "after": 2,
    }


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}])
def test_differences_have_colours_on_a_terminal(
    command: str, clean_environment: dict[str, str], env: dict[str, str]
) -> None:
    with SQLitePersister("a.db") as persister:
        persister.save(None, "c", 1, "s", {"a": 1, "b": 1}, "completed")
        persister.save(None, "c", 2, "s", {"b": 2, "c": "[red]"}, "completed")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [command, "state", "diff", "sqlite:a.db", "c", "1", "2"],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        env=clean_environment | env,
    ) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
    os.close(ours)
    assert process.returncode == 0
    expected = [b"- a: 1", "~ b: 1 → 2".encode(), b'+ c: "[red]"']
    if not env:
        colours = [b"31", b"33", b"32"]
        expected = [
            b"\x1b[%sm%s\x1b[0m" % pair for pair in zip(colours, expected, strict=True)
        ]
    assert shown.replace(b"\r", b"").splitlines() == expected


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux's way to say that nobody has it open any more.
        return b""

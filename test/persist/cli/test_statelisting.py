"""The commands that list applications and their pasts."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from stories import HOSTILE, Message, tell
from terminal import Terminal

from zensols.persist.stash.wording import unescape
from zensols.persist.state import SQLitePersister


def table(done: Any) -> list[list[str]]:
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.fixture
def story(in_tmp: Path) -> SQLitePersister:
    with SQLitePersister("a.db", types=[Message]) as persister:
        tell(persister)
    return persister


def test_applications_newest_first(call: Any, story: SQLitePersister) -> None:
    rows = table(call("state", "ls", "sqlite:a.db", "--all"))
    newest = story.history("user 1", "other chat")[-1]
    assert [row[:6] for row in rows] == [
        ["", "chat", "1", "1", "ask", "completed"],
        ["-", "chat", "1", "1", "ask", "completed"],
        ["user 1", "other chat", "4", "3", "ask", "completed"],
        ["user 1", "chat", "4", "5", "listen", "completed"],
    ]
    assert rows[2][6:] == [newest.created_at, str(newest.size)]


def test_one_partition(call: Any, story: SQLitePersister) -> None:
    def apps(*options: str) -> list[str]:
        return [row[1] for row in table(call("state", "ls", "sqlite:a.db", *options))]

    assert apps("--partition", "user 1") == ["other chat", "chat"]
    assert apps("-p", "user 2") == []
    assert apps("-p", r"user\x201", "-e") == ["other chat", "chat"]
    for options in (["--no-partition"], ["-p", ""]):
        done = call("state", "ls", "sqlite:a.db", "--json", *options)
        (row,) = map(json.loads, done.stdout.splitlines())
        assert row["partition_key"] == (None if len(options) == 1 else "")


def test_json(call: Any, story: SQLitePersister) -> None:
    done = call("state", "ls", "sqlite:a.db", "-p", "user 1", "--json")
    row = json.loads(done.stdout.splitlines()[1])
    last = story.history("user 1", "chat")[-1]
    assert row == {
        "partition_key": "user 1",
        "app_id": "chat",
        "steps": 4,
        "sequence_id": 5,
        "position": "listen",
        "status": "completed",
        "created_at": last.created_at,
        "size": len(b'{"n":5}'),
    }


def test_history(call: Any, story: SQLitePersister) -> None:
    done = call("state", "history", "sqlite:a.db", "other chat", "-p", "user 1")
    items = story.history("user 1", "other chat")
    assert table(done) == [
        [str(i.sequence_id), i.position, i.status, i.created_at, str(i.size)]
        for i in items
    ]
    assert [item.status for item in items] == ["completed"] * 2 + [
        "failed",
        "completed",
    ]
    done = call(
        "state", "history", "sqlite:a.db", "other chat", "-p", "user 1", "--json"
    )
    assert [json.loads(line)["sequence_id"] for line in done.stdout.splitlines()] == [
        1,
        2,
        3,
        3,
    ]


def test_what_is_not_there_is_said(call: Any, story: SQLitePersister) -> None:
    done = call("state", "history", "sqlite:a.db", "other chat", code=1)
    assert done.stdout == ""
    assert done.stderr == (
        "stash: No such application: other chat, in no partition (else give "
        "--partition)\n"
    )
    done = call("state", "history", "sqlite:a.db", "x", "-p", "a\tb", code=1)
    assert done.stderr == r"stash: No such application: x, in partition a\tb" + "\n"


def test_nothing_there_is_said(call: Any) -> None:
    done = call("state", "ls", "sqlite:typo.db", "--all")
    assert (done.stdout, done.stderr) == (
        "",
        "stash: There is nothing at typo.db yet\n",
    )
    done = call("state", "history", "sqlite:typo.db", "chat", code=1)
    assert "nothing at typo.db" in done.stderr
    assert not Path("typo.db").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(call: Any, in_tmp: Path, name: str) -> None:
    with SQLitePersister("a.db") as persister:
        persister.save(name, name, 1, name, {}, "completed")
    done = call("state", "ls", "sqlite:a.db", "--all")
    assert done.stdout.count("\n") == 1
    assert done.stdout.replace("\t", "").rstrip("\n").isprintable()
    ((partition, app, _, _, position, *_),) = table(done)
    assert {unescape(text) for text in (partition, app, position)} == {name}
    assert partition != "-"
    row = json.loads(call("state", "ls", "sqlite:a.db", "--all", "--json").stdout)
    assert {row["partition_key"], row["app_id"], row["position"]} == {name}
    for options in ([app, "-p", partition, "-e"], [f"--partition={name}", "--", name]):
        (row,) = table(call("state", "history", "sqlite:a.db", *options))
        assert unescape(row[1]) == name


def test_no_state_is_loaded(call: Any, in_tmp: Path) -> None:
    with SQLitePersister("a.db") as persister:
        for number in range(10_000):
            persister.save(None, "long", number, "step", {"n": number}, "completed")
    with sqlite3.connect("a.db") as connection:
        connection.execute("UPDATE burr_state SET payload = x''")
    connection.close()
    ((_, _, steps, last, *_),) = table(call("state", "ls", "sqlite:a.db", "--all"))
    assert (steps, last) == ("10000", "9999")
    rows = table(call("state", "history", "sqlite:a.db", "long"))
    assert [row[0] for row in rows] == [str(number) for number in range(10_000)]
    call("state", "show", "sqlite:a.db", "long", code=4)


def test_terminal_shows_a_table(story: SQLitePersister, in_tmp: Path) -> None:
    path = in_tmp / "a.db"
    program = f"""
        import sys
        from zensols.persist.cli.app import run
        sys.exit(run(["state", "ls", "sqlite:{path}", "--all"]))
    """
    with Terminal(program, columns=120) as terminal:
        lines = terminal.finish()
    assert lines[0].split() == [
        "partition_key",
        "app_id",
        "steps",
        "sequence_id",
        "position",
        "status",
        "created_at",
        "size",
    ]
    assert any("other chat" in line and " 7 B" in line for line in lines)

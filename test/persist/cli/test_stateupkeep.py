"""The commands that fork and delete."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from stories import Message, tell, told

from zensols.persist.state import ALL, SQLitePersister


@pytest.fixture(autouse=True)
def story(in_tmp: Path) -> Iterator[SQLitePersister]:
    with SQLitePersister("a.db", types=[Message]) as persister:
        tell(persister)
        yield persister


def test_fork(call: Any, story: SQLitePersister) -> None:
    done = call("state", "fork", "sqlite:a.db", "chat", "5", "new", "-p", "user 1")
    assert (done.stdout, done.stderr) == ("", "")
    assert story.history("user 1", "new") == story.history("user 1", "chat")
    call("state", "fork", "sqlite:a.db", r"ch\x61t", "1", r"n\t", "-ep", "user 1")
    assert len(story.history("user 1", "n\t")) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("chat", "5", "other chat"), 4, "already"),
        (("chat", "3", "new"), 1, "No such state 3 of chat"),
        (("chut", "3", "new"), 1, "No such application: chut"),
    ],
)
def test_fork_that_cannot_be(
    call: Any,
    story: SQLitePersister,
    arguments: tuple[str, ...],
    code: int,
    complaint: str,
) -> None:
    before = told(story)
    done = call("state", "fork", "sqlite:a.db", *arguments, "-p", "user 1", code=code)
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert told(story) == before


def test_rm(call: Any, story: SQLitePersister) -> None:
    past = story.history("user 1", "other chat")
    done = call(
        "state", "rm", "sqlite:a.db", "chat", "none", "-y", "-p", "user 1", code=1
    )
    assert done.stderr == "stash: No such application: none, in partition user 1\n"
    assert story.list_app_ids("user 1") == ["other chat"]
    assert story.history("user 1", "other chat") == past
    assert story.list_app_ids(None) == ["chat"]
    call("state", "rm", "sqlite:a.db", "--yes", "chat")
    assert story.list_app_ids(None) == []
    assert story.list_app_ids("") == ["chat"]


def test_rm_asks(story: SQLitePersister, call: Any, answer: Any) -> None:
    done = call("state", "rm", "sqlite:a.db", "chat", code=2)
    assert "give --yes" in done.stderr
    for given, code, left in ((b"n\n", 1, ["chat"]), (b"y\n", 0, [])):
        found, asked = answer("state", "rm", "sqlite:a.db", "chat", given=given)
        assert found == code
        assert asked.startswith("Delete chat (1 states) in sqlite:a.db? [y/N] ")
        assert story.list_app_ids(None) == left


def test_dry_run_only_lists(call: Any, story: SQLitePersister) -> None:
    before = told(story)
    done = call(
        "state", "prune", "sqlite:a.db", "--all", "--keep-states", "3", "--dry-run"
    )
    assert done.stdout == "user 1\tother chat\t1\t3\nuser 1\tchat\t1\t3\n"
    assert told(story) == before
    done = call("state", "prune", "sqlite:a.db", "--all", "--keep-states", "3", code=2)
    assert "Drop 2 states of 2 applications in sqlite:a.db?" in done.stderr
    assert told(story) == before


def test_prune(call: Any, story: SQLitePersister) -> None:
    done = call(
        "state",
        "prune",
        "sqlite:a.db",
        "-p",
        "user 1",
        "--keep-apps",
        "1",
        "--json",
        "-y",
    )
    assert json.loads(done.stdout) == {
        "partition_key": "user 1",
        "app_id": "chat",
        "dropped": 4,
        "kept": 0,
    }
    assert story.list_app_ids(ALL) == ["chat", "chat", "other chat"]
    done = call(
        "state", "prune", "sqlite:a.db", "--no-partition", "--keep-apps=0", "-y"
    )
    assert done.stdout == "-\tchat\t1\t0\n"
    assert story.list_app_ids(None) == []
    # There is nothing left to ask for.
    done = call("state", "prune", "sqlite:a.db", "--no-partition", "--keep-apps", "0")
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90min", timedelta(minutes=90)),
        ("36 h", timedelta(hours=36)),
        ("1.5d", timedelta(days=1.5)),
        ("2w", timedelta(weeks=2)),
        ("5000s", timedelta(seconds=5000)),
    ],
)
def test_age(call: Any, text: str, age: timedelta) -> None:
    now = datetime.now(UTC)
    with sqlite3.connect("a.db") as connection:
        for number, factor in ((1, 1.1), (2, 0.9), (5, 0.5)):
            connection.execute(
                "UPDATE burr_state SET created_at = ? WHERE sequence_id = ?",
                ((now - factor * age).isoformat(), number),
            )
    connection.close()
    done = call(
        "state", "prune", "sqlite:a.db", "-p", "user 1", "--max-age", text, "--dry-run"
    )
    assert done.stdout == "user 1\tother chat\t1\t3\nuser 1\tchat\t1\t3\n"

"""States travel between databases in files."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from stories import HOSTILE, Message, tell, told
from terminal import Terminal

from zensols.persist.state import (
    SQLitePersister,
    State,
    StateConflictError,
    open_persister,
)


@pytest.fixture
def story(in_tmp: Path) -> list[Any]:
    with SQLitePersister("a.db", types=[Message], schema_version=3) as persister:
        tell(persister)
        return told(persister)


def told_of(url: str) -> list[Any]:
    with open_persister(url) as persister:
        return told(persister)


def tally(done: Any) -> tuple[int, ...]:
    return tuple(json.loads(done.stdout).values())


def lines_of(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


def test_all_travels(call: Any, story: list[Any]) -> None:
    done = call("state", "export", "sqlite:a.db", "-o", "a.jsonl")
    assert (done.stdout, done.stderr) == ("", "stash: 10 exported, 0 failed\n")
    done = call("state", "import", "sqlite:b.db", "a.jsonl")
    assert done.stdout == "10 imported, 0 the same already, 0 failed\n"
    assert done.stderr == ""
    assert (told_of("sqlite:b.db") == story) is True
    done = call("state", "import", "sqlite:b.db", "a.jsonl", "--json")
    assert tally(done) == (0, 10, 0)
    assert (told_of("sqlite:b.db") == story) is True
    assert call("state", "export", "sqlite:b.db").stdout == Path("a.jsonl").read_text()
    with SQLitePersister("b.db", types=[Message], schema_version=3) as persister:
        found = persister.load("user 1", "chat", 1)
        assert found is not None
        assert found["state"] == State(messages=[Message("bla " * 1000)], size=(1, 4))


@pytest.mark.parametrize("kind", ["postgres", "redis", "mongo"])
def test_from_and_to_servers(
    call: Any, story: list[Any], request: pytest.FixtureRequest, kind: str
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    done = call("state", "ls", url, "--all")
    assert (done.stdout, done.stderr.count("There is nothing at")) == ("", 1)
    call("state", "export", "sqlite:a.db", "-o", "a.jsonl")
    done = call("state", "import", url, "a.jsonl", "--json")
    assert tally(done) == (10, 0, 0)
    assert (told_of(url) == story) is True
    assert tally(call("state", "import", url, "a.jsonl", "--json")) == (0, 10, 0)
    call("state", "export", url, "-o", "b.jsonl")
    assert Path("b.jsonl").read_text() == Path("a.jsonl").read_text()

    shown = call("state", "show", url, "chat", "1", "-p", "user 1").stdout
    there = call("state", "show", "sqlite:a.db", "chat", "1", "-p", "user 1").stdout
    assert shown == there
    for arguments in (
        ["ls", "--all"],
        ["history", "chat", "-p", "user 1"],
        ["diff", "chat", "1", "5", "-p", "user 1"],
    ):
        command, *rest = arguments
        ours = call("state", command, url, *rest).stdout
        assert ours == call("state", command, "sqlite:a.db", *rest).stdout
    call("state", "fork", url, "chat", "2", "new", "-p", "user 1")
    call("state", "rm", url, "chat", "-y", "-p", "user 1")
    done = call("state", "prune", url, "-p", "user 1", "--keep-states", "1", "-y")
    assert done.stdout == "user 1\tother chat\t3\t1\nuser 1\tnew\t1\t1\n"
    with open_persister(url) as persister:
        assert [item.sequence_id for item in persister.history("user 1", "new")] == [2]
        assert persister.list_app_ids("") == persister.list_app_ids(None) == ["chat"]


def test_to_a_stash(call: Any, story: list[Any]) -> None:
    call("state", "export", "sqlite:a.db", "-o", "a.jsonl")
    done = call("state", "import", "dir:states", "a.jsonl", "--json")
    assert tally(done) == (10, 0, 0)
    assert (told_of("dir:states") == story) is True
    shown = call("state", "ls", "dir:states", "--all").stdout
    assert shown == call("state", "ls", "sqlite:a.db", "--all").stdout
    assert "nothing at other" in call("state", "ls", "dir:other", "--all").stderr
    assert not Path("other").exists()


def test_a_part_travels(call: Any, story: list[Any]) -> None:
    def apps(*options: str) -> set[tuple[str, str]]:
        call("state", "export", "sqlite:a.db", "-o", "a.jsonl", *options)
        lines = lines_of("a.jsonl")[1:-1]
        lines = [line.get("fork", line) for line in lines]
        return {(line["partition_key"], line["app_id"]) for line in lines}

    assert apps("-p", "user 1") == {("user 1", "chat"), ("user 1", "other chat")}
    assert apps("--no-partition") == {(None, "chat")}
    assert apps("-p", "") == {("", "chat")}
    assert apps("-p", r"\x75ser 1", "-e", "--app", r"other\x20chat") == {
        ("user 1", "other chat")
    }
    call("state", "import", "sqlite:b.db", "a.jsonl")
    with SQLitePersister("b.db") as persister, SQLitePersister("a.db") as source:
        history = persister.history("user 1", "other chat")
        assert history == source.history("user 1", "other chat")
    done = call("state", "export", "sqlite:a.db", "-p", "x", "--app", "y", code=1)
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)


def test_hostile_names_travel(call: Any, in_tmp: Path) -> None:
    with SQLitePersister("a.db") as persister:
        for name in HOSTILE:
            persister.save(name, name, 1, name, {name: [name]}, "completed")
        before = told(persister)
    text = call("state", "export", "sqlite:a.db").stdout
    assert text.count("\n") == len(HOSTILE) + 2
    call("state", "import", "sqlite:b.db", "-", stdin=text)
    assert told_of("sqlite:b.db") == before


def test_nothing_travels(call: Any) -> None:
    done = call("state", "export", "sqlite:typo.db", "-o", "a.jsonl")
    assert "There is nothing at typo.db yet\n" in done.stderr
    call("state", "import", "sqlite:b.db", "a.jsonl")
    assert not Path("b.db").exists()


@pytest.mark.parametrize("left_out", [1, 3, -1])
def test_wrong_file_changes_nothing(call: Any, story: list[Any], left_out: int) -> None:
    call("state", "export", "sqlite:a.db", "-o", "a.jsonl")
    lines = Path("a.jsonl").read_text().splitlines(keepends=True)
    del lines[left_out]
    Path("b.jsonl").write_text("".join(lines))
    done = call("state", "import", "sqlite:b.db", "b.jsonl", code=4)
    assert done.stdout == ""
    assert done.stderr.startswith("stash: Can't import b.jsonl: ")
    assert done.stderr.count("\n") == 1
    Path("b.jsonl").write_text("".join(lines)[: -len(lines[-1]) // 2])
    call("state", "import", "sqlite:b.db", "b.jsonl", code=4)
    assert not Path("b.db").exists()


def test_failure_leaves_the_file_as_it_was(call: Any, story: list[Any]) -> None:
    Path("a.jsonl").write_text("old")
    call("state", "export", "sqlite:a.db", "-o", "none/a.jsonl", code=4)
    call("state", "export", "redis://127.0.0.1:1/0", "-o", "a.jsonl", code=3)
    assert Path("a.jsonl").read_text() == "old"
    assert not Path("none").exists()


def test_conflict_is_named_and_all_else_is_imported(
    call: Any, story: list[Any]
) -> None:
    with SQLitePersister("b.db", schema_version=3) as persister:
        persister.save("user 1", "chat", 1, "ask", {"mine": "\x1b"}, "completed")
        before = told(persister)
    call("state", "export", "sqlite:a.db", "-o", "a.jsonl")
    done = call("state", "import", "sqlite:b.db", "a.jsonl", "--json", code=1)
    # Its fork can't be made, either, but for what it has itself.
    assert tally(done) == (2, 0, 8)
    first, second = done.stderr.splitlines()
    assert first.startswith("stash: user 1, chat: State 1 of application 'chat'")
    assert first.isprintable()
    assert "- mine: '\\x1b'" in first
    assert second.startswith("stash: user 1, other chat: What application 'other chat'")
    after = told_of("sqlite:b.db")
    assert [app[:2] for app in after] == [("", "chat"), (None, "chat"), before[0][:2]]
    assert after[2] == before[0]


INTERRUPTED = """
import signal, sys
from zensols.persist.cli.app import run
from zensols.persist.state import StateExchange

add, count = StateExchange.add, 0

def add_some(self, item):
    global count
    count += 1
    if count > int(sys.argv[2]):
        signal.raise_signal(int(sys.argv[1]))
    return add(self, item)

StateExchange.add = add_some
sys.exit(run(["state", "import", "sqlite:b.db", "a.jsonl"]))
"""


STOPPED = (
    "stash: Not all was imported: it broke off in application b\\t; repeat it to go on\n"
    "stash: Interrupted\n"
)


@pytest.mark.parametrize(
    ("number", "code", "complaint"),
    [
        (signal.SIGKILL, -signal.SIGKILL, ""),
        (
            signal.SIGINT,
            130,
            STOPPED,
        ),
    ],
    ids=["killed", "interrupted"],
)
def test_import_goes_on_where_it_broke_off(
    call: Any, in_tmp: Path, number: signal.Signals, code: int, complaint: str
) -> None:
    with SQLitePersister("a.db") as persister:
        for app in "a", "b\t":
            for step in range(200):
                state = {"n": step, "text": "x" * 50 * step}
                persister.save(None, app, step, "step", state, "completed")
        before = told(persister)
    call("state", "export", "sqlite:a.db", "-o", "a.jsonl")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(int(number)), "350"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", complaint)
    again = call("state", "import", "sqlite:b.db", "a.jsonl", "--json")
    assert tally(again) == (50, 350, 0)
    assert (told_of("sqlite:b.db") == before) is True


def test_damaged_states_are_left_out_and_told(call: Any, story: list[Any]) -> None:
    with closing(sqlite3.connect("a.db")) as connection, connection:
        connection.execute("UPDATE burr_state SET payload = x'00' WHERE id = 1")
    done = call("state", "export", "sqlite:a.db", "-o", "a.jsonl", code=1)
    assert done.stderr.splitlines()[-1] == "stash: 8 exported, 2 failed"
    assert "stash: user 1, chat: Damaged: state 1 of" in done.stderr
    done = call("state", "import", "sqlite:b.db", "a.jsonl", "--json", code=1)
    assert tally(done) == (8, 0, 0)
    assert "a.jsonl lacks 2 states" in done.stderr


def test_terminal_shows_how_it_goes(
    story: list[Any], in_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terminal.ROOT", in_tmp)
    for command in (
        ["export", "sqlite:a.db", "-o", "a.jsonl"],
        ["import", "sqlite:b.db", "a.jsonl"],
    ):
        program = f"""
            import sys
            from zensols.persist.cli.app import run
            sys.exit(run(["state", *{command}]))
        """
        with Terminal(program) as terminal:
            lines = terminal.finish()
        title = f"{command[0].capitalize()}ing"
        assert any(title in line and " 10/10 " in line for line in lines), lines
    assert (told_of("sqlite:b.db") == story) is True


def test_through_a_pipe(
    story: list[Any], command: str, clean_environment: dict[str, str]
) -> None:
    subprocess.run(
        f"{command} state export sqlite:a.db | {command} state import sqlite:b.db -",
        shell=True,
        check=True,
        capture_output=True,
        env=clean_environment,
    )
    assert (told_of("sqlite:b.db") == story) is True


def test_imported_states_are_safe_from_others(call: Any, story: list[Any]) -> None:
    call("state", "export", "sqlite:a.db", "-o", "a.jsonl")
    call("state", "import", "sqlite:b.db", "a.jsonl")
    with SQLitePersister("b.db", schema_version=3) as persister:
        with pytest.raises(StateConflictError):
            persister.save("user 1", "chat", 5, "listen", {"n": 6}, "completed")
        persister.save("user 1", "chat", 6, "ask", {"n": 6}, "completed")
    # What came since stays.
    done = call("state", "import", "sqlite:b.db", "a.jsonl", "--json")
    assert tally(done) == (0, 10, 0)
    with SQLitePersister("b.db") as persister:
        assert persister.history("user 1", "chat")[-1].sequence_id == 6

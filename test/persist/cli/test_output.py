from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.cli.output import (
    Column,
    age_text,
    duration_text,
    escape,
    print_rows,
    size_text,
    unescape,
)

TEXT = st.text(st.characters(exclude_categories=()))


@given(TEXT)
def test_escaping_can_be_undone(text: str) -> None:
    escaped = escape(text)
    assert escaped.isprintable()
    assert unescape(escaped) == text


@pytest.mark.parametrize("text", ["a\\q", "\\x1", "\\U00110000", "\\"])
def test_what_is_no_escape_stays(text: str) -> None:
    assert unescape(text) == text


@pytest.mark.parametrize("text", ["a b.c:1", "é", "日本", ""])
def test_ordinary_keys_stay(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1 << 30, "1.0 GiB"),
        (1 << 50, "1024.0 TiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 µs"), (0.5, "500.0 ms"), (90, "1.5 min"), (172800, "2.0 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.9, "59 s"), (7200, "2 h"), (1e6, "11 d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


def test_rows_elsewhere_than_on_a_terminal(capsys: Any) -> None:
    rows = [{"key": "a\n", "size": 2048}, {"key": "b"}]
    columns = [Column("key"), Column("size", size_text)]
    print_rows(rows, columns)
    assert capsys.readouterr().out == "a\\n\t2048\nb\t-\n"
    print_rows(rows, columns, as_json=True)
    assert list(map(json.loads, capsys.readouterr().out.splitlines())) == rows


def test_table_on_a_terminal(
    filled: Any, command: str, clean_environment: dict[str, str]
) -> None:
    filled["[red]x[/red]"] = 1
    ours, theirs = pty.openpty()
    env = clean_environment | {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [command, "ls", "dir:data", "--sort", "size"],
        stdout=theirs,
        env=env,
        check=True,
    )
    os.close(theirs)
    lines = os.read(ours, 65536).decode().splitlines()
    os.close(ours)
    assert done.returncode == 0
    assert lines[0].split() == ["key", "size", "age", "type", "codec", "seconds"]
    assert lines[1].split()[:3] == ["long", "4.0", "KiB"]
    assert any(line.startswith("[red]x[/red] ") for line in lines)

from __future__ import annotations

import json
import os
import pty
import subprocess
from typing import Any

from zensols.persist.cli.output import (
    Column,
    print_rows,
)
from zensols.persist.stash.wording import size_text


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
    shown = b""
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    lines = shown.decode().splitlines()
    assert done.returncode == 0
    assert lines[0].split() == ["key", "size", "age", "type", "codec", "seconds"]
    assert lines[1].split()[:3] == ["long", "4.0", "KiB"]
    assert any(line.startswith("[red]x[/red] ") for line in lines)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux's way to say that nobody has it open any more.
        return b""

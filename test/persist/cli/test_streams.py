"""The files that are written and read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zensols.persist.cli.exits import UsageError
from zensols.persist.cli.streams import open_input, open_output
from zensols.persist.error import PersistableError


def test_file_is_replaced_when_all_is_written(in_tmp: Path) -> None:
    Path("a").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), open_output("a") as out:
        out.write(b"half")
        out.flush()
        raise ZeroDivisionError
    assert Path("a").read_bytes() == b"old"
    with open_output("a") as out:
        out.write(b"new")
    assert Path("a").read_bytes() == b"new"
    assert os.listdir() == ["a"]


def test_what_cannot_be_opened_is_named(in_tmp: Path) -> None:
    with (
        pytest.raises(PersistableError, match="Can't write none/a"),
        open_output("none/a"),
    ):
        pass
    with pytest.raises(UsageError, match="Can't read none"), open_input("none"):
        pass


def test_input_can_be_read_twice(in_tmp: Path) -> None:
    code = """if True:
        from zensols.persist.cli.streams import open_input, open_output
        with open_input("-") as data, open_output("-") as out:
            out.write(data.read())
            data.seek(0)
            out.write(data.read())
    """
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"\xffx", capture_output=True, check=True
    )
    assert done.stdout == b"\xffx\xffx"

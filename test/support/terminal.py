"""Programs on a terminal, and what a person sees there."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import textwrap
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent.parent

BOUND = 60
"""After how many seconds of silence a test fails instead of waiting on."""

_PIECE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])")
_BEGUN = re.compile(r"\x1b(\[[?\d;]*)?")


class Screen:
    """The lines of a terminal, as far as the escape sequences of our programs go;
    another one is an error.

    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.cursor_is_shown = True
        self._cells: dict[tuple[int, int], str] = {}
        self._row = self._column = 0
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._rest = ""

    def feed(self, data: bytes) -> None:
        text, self._rest = self._rest + self._decode(data), ""
        at = 0
        while at < len(text):
            piece = _PIECE.match(text, at)
            if piece is None:
                assert _BEGUN.fullmatch(text, at), f"unknown: {text[at : at + 9]!r}"
                self._rest = text[at:]
                break
            at = piece.end()
            numbers, letter, control, character = piece.groups()
            if letter is not None:
                self._obey(letter, numbers)
            elif control == "\r":
                self._column = 0
            elif control == "\n":
                self._row += 1
            else:
                if self._column == self.columns:
                    self._row, self._column = self._row + 1, 0
                self._cells[self._row, self._column] = character
                self._column += 1

    def _obey(self, letter: str, numbers: str) -> None:
        match letter, numbers:
            case "A", _:
                self._row = max(0, self._row - int(numbers or 1))
            case "K", "2":
                for column in range(self.columns):
                    self._cells.pop((self._row, column), None)
            case "h" | "l", "?25":
                self.cursor_is_shown = letter == "h"
            case "m", _:
                pass
            case _:
                raise AssertionError(f"unknown: CSI {numbers}{letter}")

    @property
    def lines(self) -> list[str]:
        """The lines down to the last one with anything in it or the cursor."""
        rows = range(max([self._row, *(row for row, _ in self._cells)]) + 1)
        return [
            "".join(
                self._cells.get((row, column), " ") for column in range(self.columns)
            ).rstrip()
            for row in rows
        ]


class Terminal:
    """Runs a Python program with a terminal of its own; the program's standard input
    is a pipe, so that it can be told to go on.

    """

    def __init__(
        self,
        code: str,
        *,
        columns: int = 100,
        stdout: bool = True,
        **env: str,
    ) -> None:
        """
        :param code: the program

        :param stdout: whether its standard output goes to the terminal, too

        :param env: more of its environment

        """
        self.screen = Screen(columns)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 50, columns, 0, 0))
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
            cwd=ROOT,
            env=kept | {"TERM": "xterm-256color"} | env,
            stdin=subprocess.PIPE,
            stdout=theirs if stdout else subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self.hang_up()

    def hang_up(self) -> None:
        """Take the terminal away from the program."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def wait_for(self, text: str) -> list[str]:
        """Return the screen's lines as soon as one of them has a text."""
        while not any(text in line for line in self.screen.lines):
            assert self._read(), f"ended without {text!r}: {self.screen.lines}"
        # A picture may come in pieces.
        while select.select([self._ours], [], [], 0.1)[0] and self._read():
            pass
        return self.screen.lines

    def go_on(self) -> None:
        """Give the program a line of input."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def finish(self, code: int = 0) -> list[str]:
        """Return what is on the screen when the program has ended.

        :param code: the exit code that it must have

        """
        while self._read():
            pass
        assert self.process.wait(BOUND) == code, self.screen.lines
        return self.screen.lines

    def _read(self) -> bool:
        assert select.select([self._ours], [], [], BOUND)[0], self.screen.lines
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            # Linux's way to say that nobody has it open any more.
            return False
        self.screen.feed(data)
        return bool(data)

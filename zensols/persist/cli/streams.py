"""The files that export writes and import reads; - is the output or the input."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from ..error import PersistableError
from ..files import AtomicFile
from .exits import UsageError

__all__ = ["open_input", "open_output"]


@contextmanager
def open_output(file: str) -> Iterator[IO[bytes]]:
    """Open a file to write it; it is only there, or replaced, once all is written.

    :param file: its path, or - for the output

    :raises UsageError: if the output is a terminal

    :raises PersistableError: if it can't be written

    """
    if file == "-":
        if sys.stdout.isatty():
            raise UsageError("The output is a terminal: name a file, or use a pipe")
        yield sys.stdout.buffer
        return
    try:
        with (
            AtomicFile(file) as atomic,
            os.fdopen(os.dup(atomic.fd), "wb") as out,
        ):
            yield out
    except OSError as e:
        raise PersistableError(f"Can't write {file}: {e.strerror or e}") from e


@contextmanager
def open_input(file: str) -> Iterator[IO[bytes]]:
    """Open a file to read it, as often and wherever one likes.

    :param file: its path, or - for the input

    :raises UsageError: if it can't be read

    """
    with ExitStack() as context:
        data: IO[bytes]
        try:
            if file == "-":
                data = context.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(sys.stdin.buffer, data)
                data.seek(0)
            else:
                data = context.enter_context(open(file, "rb"))
        except OSError as e:
            raise UsageError(f"Can't read {file}: {e.strerror or e}") from e
        yield data

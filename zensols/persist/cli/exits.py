"""How the command ends: its exit codes, and the line that says why."""

from __future__ import annotations

import sys
from enum import IntEnum

from ..domain import mask_passwords
from ..error import PersistableError
from ..stash.survey import UNAVAILABLE
from ..stash.wording import escape

__all__ = [
    "ExitCode",
    "UsageError",
    "complain",
    "complain_of",
    "exit_code",
]


class ExitCode(IntEnum):
    """What the command's exit code says.

    >>> ExitCode.FINDINGS.value
    1

    """

    OK = 0
    """All is well."""

    FINDINGS = 1
    """Something is not as it should be: an entry doesn't verify, a key is absent,
    not all could be copied, or a question was answered with no.
    """

    USAGE = 2
    """The arguments or a URL are wrong, or a package is missing."""

    UNAVAILABLE = 3
    """A store can't be reached, or is locked."""

    FAILED = 4
    """Anything else went wrong: data can't be read, trusted or written."""

    INTERRUPTED = 130
    """Ctrl-C was pressed."""

    PIPE = 141
    """Who reads the output has closed the pipe."""


class UsageError(PersistableError):
    """Raised where what the user asks for makes no sense.

    >>> exit_code(UsageError("No such thing"))
    <ExitCode.USAGE: 2>

    """


def exit_code(error: Exception) -> ExitCode:
    """Return the exit code for an error.

    :param error: what was raised

    >>> from zensols.persist import StoreUnavailableError
    >>> exit_code(StoreUnavailableError("No server"))
    <ExitCode.UNAVAILABLE: 3>

    """
    if isinstance(error, UsageError):
        return ExitCode.USAGE
    if isinstance(error, UNAVAILABLE):
        return ExitCode.UNAVAILABLE
    return ExitCode.FAILED


def complain(message: object) -> None:
    """Write a line to standard error, without passwords.

    :param message: what is wrong

    """
    text = mask_passwords(str(message))
    sys.stderr.write(f"stash: {text}\n")


def complain_of(key: str, error: Exception) -> None:
    """Write a line to standard error.

    :param key: the key with which something went wrong

    :param error: what that is

    """
    complain(f"{escape(key)}: {error}")

from __future__ import annotations

import pytest

from zensols.persist.cli.exits import (
    ExitCode,
    UsageError,
    complain,
    complain_of,
    exit_code,
)
from zensols.persist.error import (
    CorruptDataError,
    LockTimeoutError,
    PersistableError,
    StoreUnavailableError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), ExitCode.USAGE),
        (StoreUnavailableError("x"), ExitCode.UNAVAILABLE),
        (LockTimeoutError("x"), ExitCode.UNAVAILABLE),
        (CorruptDataError("x"), ExitCode.FAILED),
        (PersistableError("x"), ExitCode.FAILED),
        (OSError("x"), ExitCode.FAILED),
    ],
)
def test_codes(error: Exception, code: ExitCode) -> None:
    assert exit_code(error) is code


def test_complaints_have_no_passwords(capsys: pytest.CaptureFixture[str]) -> None:
    complain("can't open redis://ann:secret@host/0")
    complain_of("a\tb", PersistableError("redis://ann:secret@host/0"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "stash: can't open redis://ann:***@host/0\n"
        "stash: a\\tb: redis://ann:***@host/0\n"
    )

"""The options of commands on states."""

from __future__ import annotations

import pytest

from zensols.persist.cli.exits import ExitCode, UsageError
from zensols.persist.cli.stateoptions import absent, select
from zensols.persist.state import ALL


def test_partition_that_is_asked_for() -> None:
    assert select(r"a\tb", False, False, False) == r"a\tb"
    assert select(r"a\tb", False, False, True) == "a\tb"
    assert select("", False, False, True) == ""
    assert select(None, True, False, True) is None
    assert select(None, False, True, False) is ALL


@pytest.mark.parametrize(
    "given", [(None, False, False), ("", True, False), ("", False, True)]
)
def test_one_has_to_be(given: tuple[str | None, bool, bool]) -> None:
    with pytest.raises(UsageError, match="--no-partition"):
        select(*given, False)


def test_what_is_absent_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert absent("p\n", "a\x1b", 3) is ExitCode.FINDINGS
    assert capsys.readouterr().err == (
        r"stash: No such state 3 of a\x1b, in partition p\n" + "\n"
    )

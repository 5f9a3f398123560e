from __future__ import annotations

import io

import pytest

from zensols.persist.cli.exits import UsageError
from zensols.persist.cli.options import confirm


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)],
)
def test_answers(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    agreed: bool,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert confirm("Really?", yes=False) is agreed
    assert capsys.readouterr() == ("", "Really? [y/N] ")


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError, match="--yes"):
        confirm("Really?", yes=False)
    assert confirm("Really?", yes=True)

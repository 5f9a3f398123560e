"""The persisters that URLs name."""

from __future__ import annotations

from pathlib import Path

import pytest

from zensols.persist.cli.exits import UsageError
from zensols.persist.cli.statestores import open_existing_states, open_states
from zensols.persist.error import StoreUnavailableError
from zensols.persist.state import SQLitePersister


def test_wrong_url_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="unknown scheme"):
        open_states("nosuch:a")


def test_what_is_there_is_opened_in_silence(
    in_tmp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SQLitePersister("a.db") as persister:
        persister.save(None, "chat", 1, "ask", {}, "completed")
    with open_existing_states("sqlite:a.db") as persister:
        assert persister.list_app_ids(None) == ["chat"]
    assert capsys.readouterr().err == ""


def test_nothing_is_made_of_what_is_not_there(
    in_tmp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for url in "sqlite:folder/a.db", "sqlite:b.db?table=other":
        with open_existing_states(url) as persister:
            assert persister.list_app_ids(None) == []
    assert capsys.readouterr().err == (
        "stash: There is nothing at folder/a.db yet\n"
        "stash: There is nothing at b.db yet\n"
    )
    assert list(in_tmp.iterdir()) == []


def test_server_without_states_is_named(
    redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_existing_states(redis_url):
        pass
    assert f"There is nothing at {redis_url} yet" in capsys.readouterr().err


def test_server_that_is_not_there() -> None:
    with pytest.raises(StoreUnavailableError):
        open_existing_states("redis://127.0.0.1:1/0")

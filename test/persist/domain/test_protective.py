from __future__ import annotations

import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.domain import ProtectiveStash
from zensols.persist.error import PersistableError
from zensols.persist.stash import DictionaryStash, DirectoryStash


class Picky(DictionaryStash[Any]):
    def dump(self, name: str, inst: Any) -> None:
        if inst == 13:
            raise ValueError("unlucky")
        super().dump(name, inst)


def test_stores_the_exception_of_storing() -> None:
    stash = ProtectiveStash(Picky(), log_errors=False)
    stash["a"], stash["b"] = 12, 13
    assert stash["a"] == 12
    assert isinstance(stash["b"], ValueError)
    assert str(stash["b"]) == "unlucky"
    assert stash["b"].__traceback__ is None


@pytest.mark.parametrize("log_errors", [True, False])
def test_logs_if_asked_to(log_errors: bool, caplog: pytest.LogCaptureFixture) -> None:
    stash = ProtectiveStash(Picky(), log_errors)
    # Not what drivers' threads of other tests tell.
    with caplog.at_level(logging.DEBUG, logger="zensols"):
        stash["b"] = 13
    expected = [(logging.WARNING, "could not store 'b': unlucky")] * log_errors
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == expected


def test_in_files(tmp_path: Path) -> None:
    stash = ProtectiveStash(DirectoryStash(tmp_path / "data"), log_errors=False)
    stash["a"] = {"generator": (i for i in range(3))}
    assert isinstance(stash["a"], PersistableError)
    assert "value['generator']" in str(stash["a"])


def test_interrupts_pass() -> None:
    class Interrupted(DictionaryStash[Any]):
        def dump(self, name: str, inst: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ProtectiveStash(Interrupted(), log_errors=False).dump("a", 1)


def test_a_store_that_takes_nothing_fails() -> None:
    class Full(DictionaryStash[Any]):
        def dump(self, name: str, inst: Any) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        ProtectiveStash(Full(), log_errors=False).dump("a", 1)


def test_log_errors_is_required() -> None:
    with pytest.raises(TypeError, match="log_errors"):
        ProtectiveStash(DictionaryStash())


def test_pickles() -> None:
    stash = ProtectiveStash(DictionaryStash({"a": 1}), True)
    assert pickle.loads(pickle.dumps(stash)) == stash

from __future__ import annotations

import json
import pickle

import pytest

from zensols.persist.backup.result import BackupResult

MADE = BackupResult.made("users", "/b/cache_users_1.json", 3, 250)
FAILED = BackupResult.failed("jobs", OSError(28, "No space left on device"))


def test_is_true_or_false_and_can_be_summed() -> None:
    assert MADE
    assert not FAILED
    assert MADE == True  # noqa: E712  as programs compare it
    assert sum([MADE, FAILED, MADE]) == 2
    assert json.dumps({"users": MADE, "jobs": FAILED}) == '{"users": 1, "jobs": 0}'


def test_tells_the_file() -> None:
    assert (MADE.cache_name, MADE.filepath) == ("users", "/b/cache_users_1.json")
    assert (MADE.item_count, MADE.size, MADE.error) == (3, 250, None)
    assert "/b/cache_users_1.json" in repr(MADE)


def test_says_why() -> None:
    assert FAILED.filepath is None
    assert FAILED.error is not None
    assert "No space left" in FAILED.error
    assert isinstance(FAILED.exception, OSError)
    assert "No space left" in repr(FAILED)


def test_error_without_text_is_told_by_its_class() -> None:
    assert BackupResult.failed("a", ValueError()).error == "ValueError"


@pytest.mark.parametrize("result", [MADE, FAILED])
def test_can_be_pickled(result: BackupResult) -> None:
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result
    assert (copy.cache_name, copy.error) == (result.cache_name, result.error)

from __future__ import annotations

import inspect
import pickle

import pytest

import zensols.persist.error
from zensols.persist.error import (
    AlteredDataError,
    APIError,
    CorruptDataError,
    Failure,
    LockTimeoutError,
    MissingDataKeysError,
    PersistableError,
    UntrustedDataError,
)

ERRORS = [
    error
    for error in vars(zensols.persist.error).values()
    if inspect.isclass(error) and issubclass(error, PersistableError)
]


@pytest.mark.parametrize("error", ERRORS)
def test_all_errors_are_caught_by_the_root(error: type[PersistableError]) -> None:
    assert issubclass(error, APIError)
    with pytest.raises(PersistableError, match="'a'"):
        raise error("'a'")


@pytest.mark.parametrize("error", ERRORS)
def test_the_tree_in_the_docstring_has_all(error: type[PersistableError]) -> None:
    assert error.__name__ in (zensols.persist.error.__doc__ or "")


@pytest.mark.parametrize("error", ERRORS)
def test_errors_cross_processes(error: type[PersistableError]) -> None:
    copy = pickle.loads(pickle.dumps(error("'a'")))
    assert type(copy) is error
    assert str(copy) == str(error("'a'"))


def test_altered_data_is_both_damaged_and_untrusted() -> None:
    assert issubclass(AlteredDataError, CorruptDataError)
    assert issubclass(AlteredDataError, UntrustedDataError)


def test_a_lock_that_takes_too_long_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        raise LockTimeoutError("held by process 1")


def test_missing_keys_are_kept() -> None:
    error = pickle.loads(pickle.dumps(MissingDataKeysError({"a"})))
    assert error.keys == {"a"}
    assert "'a'" in str(error)


class TestFailure:
    def test_keeps_what_was_raised_where(self) -> None:
        try:
            int("four")
        except ValueError as e:
            failure = Failure(e, thrower=self, message="item 4")
        assert failure.thrower is self
        assert str(failure).startswith("item 4: invalid literal")
        assert 'int("four")' in failure.traceback
        with pytest.raises(ValueError, match="four"):
            failure.rethrow()

    def test_without_a_message(self) -> None:
        failure = Failure(ValueError("four"))
        assert str(failure) == "four"
        assert failure.message is None

    def test_given_traceback(self) -> None:
        assert Failure(ValueError("four"), traceback="line 1").traceback == "line 1"

    def test_crosses_processes(self) -> None:
        copy = pickle.loads(pickle.dumps(Failure(ValueError("four"), message="item")))
        assert str(copy) == "item: four"
        assert repr(copy) == "Failure(ValueError('four'), message='item')"

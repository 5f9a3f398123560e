from __future__ import annotations

import inspect
import pickle

import pytest

import zensols.multi.error
from zensols.multi.error import CannotTravelError, ItemTimeoutError, MultiProcessError
from zensols.persist.error import PersistableError

ERRORS = [
    error
    for error in vars(zensols.multi.error).values()
    if inspect.isclass(error) and issubclass(error, MultiProcessError)
]


def test_all_are_public() -> None:
    assert sorted(e.__name__ for e in ERRORS) == zensols.multi.error.__all__


@pytest.mark.parametrize("error", ERRORS)
def test_all_errors_are_caught_by_the_root(error: type[MultiProcessError]) -> None:
    with pytest.raises(PersistableError, match="'a'"):
        raise error("'a'")


@pytest.mark.parametrize("error", ERRORS)
def test_the_tree_in_the_docstring_has_all(error: type[MultiProcessError]) -> None:
    assert error.__name__ in (zensols.multi.error.__doc__ or "")
    assert error.__doc__


@pytest.mark.parametrize("error", ERRORS)
def test_errors_cross_processes(error: type[MultiProcessError]) -> None:
    copy = pickle.loads(pickle.dumps(error("'a'")))
    assert type(copy) is error
    assert str(copy) == "'a'"


def test_what_else_they_are() -> None:
    with pytest.raises(TypeError):
        raise CannotTravelError("Words.lock")
    with pytest.raises(TimeoutError):
        raise ItemTimeoutError("item 1")

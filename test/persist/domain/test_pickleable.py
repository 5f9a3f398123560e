from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass

import pytest

from zensols.persist.domain import NotPickleable
from zensols.persist.error import PersistableError


@dataclass
class Connection(NotPickleable):
    host: str = "localhost"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_refuses_to_be_pickled(protocol: int) -> None:
    with pytest.raises(PersistableError, match="Connection can't be pickled"):
        pickle.dumps({"a": [Connection()]}, protocol)


def test_refuses_to_be_copied() -> None:
    with pytest.raises(PersistableError, match="Connection can't be pickled"):
        copy.deepcopy(Connection())


def test_refuses_to_give_its_state() -> None:
    with pytest.raises(PersistableError, match="Connection can't be pickled"):
        Connection().__getstate__()

from __future__ import annotations

import copy
import pickle

from zensols.persist.missing import MISSING


def test_is_false_but_not_none() -> None:
    assert not MISSING
    assert MISSING is not None


def test_says_what_it_is() -> None:
    assert repr(MISSING) == "MISSING"


def test_keeps_its_identity() -> None:
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
    assert copy.copy(MISSING) is MISSING
    assert copy.deepcopy([MISSING])[0] is MISSING

from __future__ import annotations

import pickle
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from zensols.persist.cli.globals import named_globals


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_names(protocol: int) -> None:
    value: Any = [Decimal(1), {"x": Decimal(2)}, OrderedDict(a=Path("b")), "os", "x"]
    found = named_globals(pickle.dumps(value, protocol))
    assert found >= {"decimal.Decimal", "collections.OrderedDict"}
    assert "?" not in found
    plain: Any = [1, "os", b"system", None, (1.5, {})]
    assert named_globals(pickle.dumps(plain, 5)) == set()


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"cposix\nsystem\n.", {"posix.system"}),
        (b"(S'ls'\niposix\nsystem\n.", {"posix.system"}),
        (b"\x8c\x05posix\x8c\x06system\x93.", {"posix.system"}),
        # A name that is hidden is not taken for another one.
        (b"\x8c\x05posix\x8c\x06system\x8c\x04list0\x93.", {"?"}),
        (b"\x8c\x05posix\x8c\x06systemN0\x93.", {"?"}),
        (b"\x8c\x05posix2\x93.", {"?"}),
        (b"\x8c\x05posix\x94\x8c\x06system\x94h\x00h\x01\x93.", {"posix.system"}),
        (b"\x82\x01.", {"?"}),
    ],
)
def test_hand_made(data: bytes, names: set[str]) -> None:
    assert named_globals(data) == names


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1])[:-1]])
def test_no_pickle(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        named_globals(data)

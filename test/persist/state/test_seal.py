"""Notice damaged records."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols.persist.error import CorruptDataError
from zensols.persist.state.chain import Stored
from zensols.persist.state.seal import seal, unseal


@given(st.binary())
def test_comes_back(payload: bytes) -> None:
    stored = seal(Stored("delta", payload, (1, 2), 3))
    assert (stored.kind, stored.path, stored.place) == ("delta", (1, 2), 3)
    assert unseal(7, ("delta", stored.payload)) == ("delta", payload)


@given(st.binary(min_size=1), st.data())
def test_changed_bit_is_noticed(payload: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(Stored("whole", payload)).payload)
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CorruptDataError, match="record 7 is not what was written"):
        unseal(7, ("whole", bytes(sealed)))


@pytest.mark.parametrize("size", range(5))
def test_truncated_one_is_noticed(size: int) -> None:
    sealed = seal(Stored("whole", b"12")).payload[:size]
    with pytest.raises(CorruptDataError, match="not what was written"):
        unseal(7, ("whole", sealed))


def test_missing_one_is_noticed() -> None:
    with pytest.raises(CorruptDataError, match="record 7 is gone"):
        unseal(7, None)

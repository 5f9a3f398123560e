"""How a state is stored: whole, or as what changed since an earlier one."""

from __future__ import annotations

from itertools import pairwise
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols.persist.error import CorruptDataError
from zensols.persist.state.chain import WHOLE, Chain, Piece, Stored, rebuild


class Store:
    """Stores states in a dictionary, as a chain says."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.stored: dict[int, Stored] = {}
        self.states: list[bytes] = []

    def save(self, data: bytes) -> Stored:
        stored = self.chain.plan(data)
        record = len(self.stored) + 1
        self.chain = self.chain.after(stored, data, record)
        self.stored[record] = stored
        self.states.append(data)
        return stored

    def piece(self, record: int) -> Piece:
        return self.stored[record].kind, self.stored[record].payload

    def pieces(self, record: int) -> list[tuple[int, Piece]]:
        ids = (*self.stored[record].path, record)
        return [(id_, self.piece(id_)) for id_ in ids]

    def load(self, record: int) -> bytes:
        return rebuild(piece for _, piece in self.pieces(record))

    def reopen(self) -> None:
        newest = len(self.stored)
        place = self.stored[newest].place
        self.chain = Chain.of(self.pieces(newest), place)


def conversation(steps: int) -> list[bytes]:
    text = b"".join(b"%06d" % number + b"x" * 144 for number in range(steps))
    return [text[: 150 * (step + 1)] for step in range(steps)]


def test_small_states_are_stored_whole() -> None:
    store = Store()
    for data in b"", b"a", b"ab" * (WHOLE // 2):
        assert store.save(data) == Stored("whole", data)


def test_unchanged_state_is_a_reference() -> None:
    store = Store()
    store.save(b"a")
    assert store.save(b"a") == Stored("same", b"", (1,))
    assert store.save(b"a") == Stored("same", b"", (1,))
    assert [store.load(record) for record in (1, 2, 3)] == [b"a"] * 3


def test_growing_state_is_stored_as_what_is_added() -> None:
    store = Store()
    for data in conversation(1000):
        store.save(data)
    assert [store.load(record + 1) for record in range(1000)] == store.states
    size = sum(len(stored.payload) for stored in store.stored.values())
    assert size < 8 * len(store.states[-1])


def test_any_state_takes_few_deltas() -> None:
    store = Store()
    for data in conversation(1000):
        store.save(data)
    large = [stored for stored in store.stored.values() if stored.kind == "delta"]
    assert len(large) > 900
    for number, stored in enumerate(large, 1):
        # The whole one is the first of the path.
        assert len(stored.path) <= log2(number) + 1


def test_state_that_changes_everywhere_is_stored_whole() -> None:
    store = Store()
    store.save(b"a" * 2 * WHOLE)
    assert store.save(b"b" * 2 * WHOLE).kind == "whole"
    assert store.save(b"b" * 2 * WHOLE + b"c").kind == "delta"


def test_rebuilding_never_takes_more_bytes_than_the_state() -> None:
    store = Store()
    for number in range(200):
        # Each changes a quarter of the one before.
        part = bytes([number]) * WHOLE
        old = store.states[-1] if store.states else bytes(4 * WHOLE)
        at = number % 4 * WHOLE
        store.save(old[:at] + part + old[at + WHOLE :])
    for record, stored in store.stored.items():
        deltas = [piece for _, piece in store.pieces(record) if piece[0] == "delta"]
        assert sum(len(payload) for _, payload in deltas) <= len(store.load(record))
        assert stored.kind in ("whole", "delta")


STATES = st.lists(
    st.builds(
        lambda sizes, letter: b"".join(
            bytes([letter + index]) * size for index, size in enumerate(sizes)
        ),
        st.lists(st.sampled_from([0, 1, 100, WHOLE, 3 * WHOLE]), max_size=4),
        st.integers(97, 99),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None)
@given(STATES, st.sets(st.integers(0, 19)))
def test_every_state_comes_back(states: list[bytes], reopened: set[int]) -> None:
    store = Store()
    for number, data in enumerate(states):
        store.save(data)
        if number in reopened:
            store.reopen()
        assert store.chain.data == data
    assert [store.load(record + 1) for record in range(len(states))] == states


@settings(deadline=None)
@given(STATES)
def test_chain_of_what_is_stored_goes_on_in_the_same_way(states: list[bytes]) -> None:
    going_on, reopening = Store(), Store()
    for data in states:
        going_on.save(data)
        reopening.save(data)
        reopening.reopen()
    assert going_on.stored == reopening.stored
    assert going_on.chain.size == reopening.chain.size


def test_chain_is_never_changed() -> None:
    chain = Chain()
    for one, other in pairwise(conversation(100)):
        new = chain.after(chain.plan(one), one, 1)
        before = new.plan(other)
        new.after(before, other, 2)
        assert new.plan(other) == before


def test_pieces_that_do_not_belong_together_are_noticed() -> None:
    whole: Piece = ("whole", b"a")
    with pytest.raises(CorruptDataError, match="too many deltas before 3"):
        Chain.of([(1, whole), (2, whole), (3, whole)], 1)

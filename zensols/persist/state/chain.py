"""How a state is stored: whole, or as what changed since an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from ..error import CorruptDataError
from .delta import apply_delta, make_delta

__all__ = ["Chain", "Kind", "Piece", "Stored", "rebuild"]

WHOLE: Final = 8192
"""States of at most so many bytes are stored whole, since a delta saves little."""

Kind = Literal["whole", "delta", "same"]
"""What the payload of a record is: the state, what changed since the last record of
its path, or nothing, since the state is that of the last record of its path.
"""

Piece = tuple[Kind, bytes]
"""What a record of a path contributes: its kind and payload."""


class Stored(Struct, frozen=True):
    """What is stored of a state."""

    kind: Kind
    """What the payload is."""

    payload: bytes
    """What to store."""

    path: tuple[int, ...] = ()
    """The records that it takes to rebuild the state, besides its own, in order."""

    place: int = 0
    """How many states of its chain came before."""


class _State(Struct, frozen=True):
    place: int
    record: int
    data: bytes
    deltas: int
    """How many bytes of deltas it takes to rebuild it."""


class Chain:
    """The states against which the next one of an application can be stored.

    States up to 8 KiB are stored whole.  A larger one begins a chain, in which the
    n-th is stored as what changed since that whose number is n with its lowest set
    bit cleared.  Such *skip deltas*, which are Subversion's (``notes/skip-deltas``
    in its repository), rebuild any state from at most log2(n) deltas.

    Immutable.

    >>> chain = Chain()
    >>> big = b"x" * 10_000
    >>> chain.plan(big).kind
    'whole'
    >>> chain = chain.after(chain.plan(big), big, record=1)
    >>> stored = chain.plan(big + b"y")
    >>> stored.kind, stored.path, len(stored.payload)
    ('delta', (1,), 9)

    """

    __slots__ = ("_states", "size")

    def __init__(self, states: tuple[_State, ...] = ()) -> None:
        """
        :param states: the newest state, and those that it takes to rebuild it, in
                       order; by default there is none yet

        """
        self._states = states
        self.size = sum([len(state.data) for state in states])
        """How many bytes of memory it takes, about."""

    def plan(self, data: bytes) -> Stored:
        """Return how to store a state.

        :param data: the state as bytes

        """
        states = self._states
        if not states:
            return Stored("whole", data)
        newest = states[-1]
        if newest.data == data:
            path = tuple(state.record for state in states)
            return Stored("same", b"", path, newest.place)
        if len(data) <= WHOLE or len(newest.data) <= WHOLE:
            return Stored("whole", data)
        place = newest.place + 1
        base = place & place - 1
        before = [state for state in states if state.place <= base]
        delta = make_delta(before[-1].data, data)
        # Reading that many deltas would take longer than reading it whole.
        if before[-1].deltas + len(delta) > len(data):
            return Stored("whole", data)
        path = tuple(state.record for state in before)
        return Stored("delta", delta, path, place)

    def after(self, stored: Stored, data: bytes, record: int) -> Chain:
        """Return the chain with another state.

        :param stored: what :meth:`plan` of this one returned

        :param data: the state as bytes

        :param record: the record that it has been stored in

        """
        if stored.kind == "same":
            return self
        if not stored.path:
            return Chain((_State(0, record, data, 0),))
        before = [state for state in self._states if state.record in stored.path]
        deltas = before[-1].deltas + len(stored.payload)
        return Chain((*before, _State(stored.place, record, data, deltas)))

    @classmethod
    def of(cls, pieces: Iterable[tuple[int, Piece]], place: int) -> Chain:
        """Return the chain that ends with a state that is stored.

        :param pieces: the records of its path and its own, each with what it
                       contributes

        :param place: the place of the last one in its chain

        :raises CorruptDataError: if they don't fit

        """
        places = [place]
        while places[-1]:
            places.append(places[-1] & places[-1] - 1)
        states: list[_State] = []
        data, deltas = b"", 0
        for record, piece in pieces:
            if piece[0] == "same":
                continue
            if not places:
                raise CorruptDataError(f"There are too many deltas before {record}")
            data = _apply(data, piece)
            deltas += len(piece[1]) if piece[0] == "delta" else 0
            states.append(_State(places.pop(), record, data, deltas))
        return cls(tuple(states))

    @property
    def data(self) -> bytes:
        """The newest state as bytes."""
        return self._states[-1].data


def rebuild(pieces: Iterable[Piece]) -> bytes:
    """Return a state as bytes.

    :param pieces: what the records of its path contribute, and its own

    :raises CorruptDataError: if they don't fit

    >>> from zensols.persist.state.delta import make_delta
    >>> rebuild([("whole", b"[1]"), ("delta", make_delta(b"[1]", b"[1,2]"))])
    b'[1,2]'

    """
    data = b""
    for piece in pieces:
        data = _apply(data, piece)
    return data


def _apply(data: bytes, piece: Piece) -> bytes:
    kind, payload = piece
    if kind == "same":
        return data
    return payload if kind == "whole" else apply_delta(data, payload)

"""Save states."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from ..error import CorruptDataError, PersistableError
from .chain import Chain, Stored
from .chains import Chains
from .diff import find_differences
from .error import StateConflictError
from .interface import Status
from .reader import Reader
from .record import Draft, Record
from .records import ANY, Refused
from .seal import seal
from .serde import StateSerde
from .state import State
from .steps import Steps
from .wording import name_of

__all__ = ["Saver"]

_TRIES: Final = 5
"""How often to store a state anew whose base is gone."""


class Saver:
    """Saves states, step by step.

    Safe to use from many threads, and by many coroutines.

    """

    def __init__(self, serde: StateSerde, reader: Reader, chains: Chains) -> None:
        """
        :param serde: turns states into bytes

        :param reader: reads them

        :param chains: remembers those that were saved last

        """
        self._serde = serde
        self._reader = reader
        self._chains = chains

    def save(
        self,
        partition_key: str | None,
        app_id: str,
        sequence_id: int,
        position: str,
        state: Mapping[str, Any],
        status: Status,
        expected: Any = ANY,
    ) -> Steps[None]:
        """Save a state.

        :raises StateConflictError: if there is another, or the newest one is not the
                                    one expected

        """
        data = self._serde.encode(state)
        draft = Draft(
            partition_key,
            app_id,
            sequence_id,
            position,
            status,
            datetime.now(UTC).isoformat(),
            self._serde.schema_version,
            len(data),
            Stored("whole", data),
        )
        added = yield from self.store(draft, data, expected)
        if type(added) is int:
            return
        if isinstance(added, Record):
            before = yield from self._reader.read(added)
            if added.status == status and self._serde.is_same(before, data):
                # Saved by an attempt that never learned of it.
                return
            raise self._conflict(draft, added, before, state)
        raise StateConflictError(
            f"State {sequence_id} of {name_of(partition_key, app_id)} was not saved: "
            f"its newest one is not number {expected}; load it and decide again"
        )

    def store(
        self, draft: Draft, data: bytes, expected: Any
    ) -> Steps[int | Record | Refused]:
        """Add a record in the form that takes least; see :meth:`.Records.add`.

        :param draft: the record, but for what is stored of it

        :param data: the state as bytes

        """
        key = draft.partition_key, draft.app_id
        added: int | Record | Refused = Refused.LOST
        for left in reversed(range(_TRIES)):
            # What needs no other record can't lose one.
            chain = self._chains.get(key) if left else Chain()
            if chain is None:
                chain = yield from self._find_chain(*key)
            stored = chain.plan(data)
            added = yield "add", replace(draft, stored=seal(stored)), expected
            if isinstance(added, int):
                self._chains.put(key, chain.after(stored, data, added))
                break
            self._chains.drop(key)
            if added is not Refused.LOST:
                break
        return added

    def _find_chain(self, partition_key: str | None, app_id: str) -> Steps[Chain]:
        record = yield from self._reader.find(partition_key, app_id, None)
        if record is None:
            return Chain()
        try:
            pieces = yield from self._reader.pieces(record)
            return Chain.of(pieces, record.stored.place)
        except CorruptDataError:
            # What is damaged must not damage what comes.
            return Chain()

    def _conflict(
        self, draft: Draft, added: Record, before: bytes, state: Mapping[str, Any]
    ) -> StateConflictError:
        there: State | None = None
        try:
            there = self._serde.decode(before, added.version)
            differences = find_differences(there, state)
            shown = "; ".join(map(str, differences[:5])) or "the states are equal"
        except PersistableError as e:
            shown = f"what was saved can't be read here: {e}"
        name = name_of(draft.partition_key, draft.app_id)
        return StateConflictError(
            f"State {draft.sequence_id} of {name} at position {draft.position!r} was "
            f"saved at {added.created_at} as {added.status}, and is not replaced by "
            f"another, saved at {draft.created_at} as {draft.status}: {shown}",
            there,
            state,
        )

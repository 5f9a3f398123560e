"""Delete what is not needed any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..error import PersistableError
from .chains import Chains
from .garbage import find_garbage
from .reader import Reader
from .record import Record, Span
from .records import ANY
from .steps import Steps
from .wording import name_of

__all__ = ["Pruned", "Upkeep"]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning does to an application."""

    partition_key: str | None
    """Its partition."""

    app_id: str
    """The application."""

    dropped: int
    """How many states it loses."""

    kept: int
    """How many it keeps."""


class Upkeep:
    """Deletes states and applications, step by step.

    Safe to use from many threads, and by many coroutines.

    """

    def __init__(self, reader: Reader, chains: Chains) -> None:
        """
        :param reader: finds states

        :param chains: remembers those that were saved last

        """
        self._reader = reader
        self._chains = chains

    def truncate(self, partition_key: str | None, app_id: str, keep: int) -> Steps[int]:
        """Drop all but the newest states and return how many were dropped."""
        if keep < 1:
            raise PersistableError(
                f"Can't keep {keep} states of {name_of(partition_key, app_id)}: keep at "
                f"least 1, or delete the application"
            )
        records = yield from self._reader.list_records(partition_key, app_id)
        dropped = max(0, len(records) - keep)
        if dropped:
            yield from self._drop(partition_key, app_id, records, keep)
        return dropped

    def delete(self, partition_key: str | None, app_id: str) -> Steps[bool]:
        """Delete an application and return whether there was one."""
        branch = yield "find_branch", partition_key, app_id
        if branch is None:
            return False
        self._chains.drop((partition_key, app_id))
        yield "release", branch.id, ANY
        yield from self._collect(branch.root)
        return True

    def prune(
        self,
        partition_key: Any,
        max_age: timedelta | None,
        keep_apps: int | None,
        keep_states: int | None,
        dry_run: bool,
    ) -> Steps[list[Pruned]]:
        """Drop what is too old, or too much, and return what that is."""
        oldest = None
        if max_age is not None:
            oldest = (datetime.now(UTC) - max_age).isoformat()
        pruned = []
        apps = yield "list_apps", partition_key
        seen: dict[str | None, int] = {}
        for partition, app_id in apps:
            rank = seen[partition] = seen.get(partition, 0) + 1
            records = yield from self._reader.list_records(partition, app_id)
            kept = records
            if oldest is not None:
                kept = [r for r in kept if r.created_at >= oldest]
            if keep_states is not None:
                kept = kept[len(kept) - min(keep_states, len(kept)) :]
            if keep_apps is not None and rank > keep_apps:
                kept = []
            if len(kept) == len(records):
                continue
            done = dry_run or (
                yield from self._drop(partition, app_id, records, len(kept))
            )
            if done:
                dropped = len(records) - len(kept)
                pruned.append(Pruned(partition, app_id, dropped, len(kept)))
        return pruned

    def _drop(
        self, partition_key: str | None, app_id: str, records: list[Record], keep: int
    ) -> Steps[bool]:
        """Drop all but the last of records, and return whether that was done: an
        application that would have none left is kept if it was saved meanwhile.

        """
        branch = yield "find_branch", partition_key, app_id
        if branch is None:
            return False
        if keep:
            yield "set_floor", branch.id, records[-keep].id
        else:
            self._chains.drop((partition_key, app_id))
            yield "release", branch.id, records[-1].id
            there = yield "find_branch", partition_key, app_id
            if there is not None and there.id == branch.id:
                return False
        yield from self._collect(branch.root)
        return True

    def _collect(self, root: int) -> Steps[None]:
        """Delete what no application of a family has any more."""
        branches = yield "find_branches", root
        if not branches:
            # Somebody else has done so.
            return
        spans = [Span(branch.id, 0, None) for branch in branches]
        records = yield "list_records", spans, True
        garbage = find_garbage(branches, records)
        yield "discard", garbage.records, garbage.hidden, garbage.branches

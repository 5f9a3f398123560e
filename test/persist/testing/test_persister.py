"""Faulty persisters, each of which has to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from zensols.persist.state import AsyncInMemoryPersister, InMemoryPersister
from zensols.persist.state.memory import MemoryRecords
from zensols.persist.state.records import ANY
from zensols.persist.testing import AsyncPersisterContract, PersisterContract


class Contract(PersisterContract):
    shared = False


class LoadsFirst(InMemoryPersister):
    def load(self, partition_key: Any, app_id: Any, sequence_id: Any = None) -> Any:
        history = self.history(partition_key, app_id) if app_id else []
        if sequence_id is None and history:
            sequence_id = history[0].sequence_id
        return super().load(partition_key, app_id, sequence_id)


class MixesPartitions(InMemoryPersister):
    def save(self, partition_key: Any, *args: Any, **kwargs: Any) -> None:
        super().save(partition_key or None, *args, **kwargs)

    def load(self, partition_key: Any, *args: Any) -> Any:
        return super().load(partition_key or None, *args)


class Overwrites(InMemoryPersister):
    def save(self, *args: Any, **kwargs: Any) -> None:
        kwargs["status"] = "failed"
        super().save(*args, **kwargs)


class Refuses(InMemoryPersister):
    def save(self, *args: Any, **kwargs: Any) -> None:
        kwargs["expected_sequence"] = None
        super().save(*args, **kwargs)


class SavesTwice(InMemoryPersister):
    def save(self, *args: Any, position: str, **kwargs: Any) -> None:
        for each in position, f"{position} again":
            super().save(*args, position=each, **kwargs)


class ExpectsNothing(InMemoryPersister):
    def save(self, *args: Any, expected_sequence: Any = None, **kwargs: Any) -> None:
        super().save(*args, **kwargs)


class ListsOldestFirst(InMemoryPersister):
    def list_app_ids(self, *args: Any) -> list[str]:
        return super().list_app_ids(*args)[::-1]


class ForksAll(InMemoryPersister):
    def fork(self, partition_key: Any, app_id: Any, _: Any, new: Any) -> None:
        last = self.history(partition_key, app_id)[-1]
        super().fork(partition_key, app_id, last.sequence_id, new)


class DeletesNothing(InMemoryPersister):
    def delete(self, *_: Any) -> bool:
        return True


class KeepsOneMore(InMemoryPersister):
    def truncate(self, *args: Any, keep: int) -> int:
        return super().truncate(*args, keep=keep + 1)


class PrunesInDryRun(InMemoryPersister):
    def prune(self, *args: Any, dry_run: bool = False, **kwargs: Any) -> Any:
        return super().prune(*args, **kwargs)


class HidesStatus(InMemoryPersister):
    def history(self, *args: Any) -> Any:
        return [replace(item, status="completed") for item in super().history(*args)]


class ComparesNothing(InMemoryPersister):
    def diff(self, *_: Any) -> Any:
        return []


class ForgetsAtCleanup(InMemoryPersister):
    def cleanup(self) -> None:
        InMemoryPersister.__init__(self)


class NeverReady(InMemoryPersister):
    def is_initialized(self) -> bool:
        return False


class Trims(InMemoryPersister):
    """Loses what is beyond a size."""

    def load(self, *args: Any) -> Any:
        found = super().load(*args)
        if found is not None and len(found["state"].get("messages", ())) > 120:
            found["state"] = found["state"].update(messages=[])
        return found


class SavesAnything(InMemoryPersister):
    def save(self, *args: Any, state: Any, **kwargs: Any) -> None:
        super().save(*args, state={k: repr(v) for k, v in state.items()}, **kwargs)


class CopiesNothing(InMemoryPersister):
    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {**state, "_records": InMemoryPersister()._records}


class LoadsAnything(InMemoryPersister):
    """Loads what it has for whatever is asked for."""

    def load(self, *args: Any) -> Any:
        return super().load(*args) or super().load("p", "app")


class ForksWhatIsGone(MemoryRecords):
    """Makes a fork of whatever there was."""

    def fork(self, partition_key: Any, app_id: Any, source: Any, record: Any) -> Any:
        now = self._branches[source.id]
        self._branches[source.id] = now[0], source
        made = super().fork(partition_key, app_id, source, record)
        self._branches[source.id] = now
        return made


class DropsWhatIsNeeded(MemoryRecords):
    def discard(self, records: Any, hidden: Any, branches: Any) -> None:
        for id_ in records:
            self._records.pop(id_, None)
        super().discard(records, hidden, branches)


class HidesWhatIsOfOthers(MemoryRecords):
    def discard(self, records: Any, hidden: Any, branches: Any) -> None:
        super().discard(records, [*hidden, *self._records], branches)


class ReleasesNothing(MemoryRecords):
    def release(self, branch: int, newest: Any) -> None:
        pass


class DropsWhatIsNew(MemoryRecords):
    def release(self, branch: int, newest: Any) -> None:
        super().release(branch, ANY)


def on(records: type[MemoryRecords]) -> Callable[[], InMemoryPersister]:
    def make() -> InMemoryPersister:
        persister = InMemoryPersister()
        persister._records = records()
        return persister

    return make


BROKEN: list[tuple[Callable[[], Any], str]] = [
    (LoadsFirst, "test_last_saved_is_loaded"),
    (MixesPartitions, "test_partitions_and_applications_are_apart"),
    (Overwrites, "test_saved_is_loaded"),
    (Overwrites, "test_other_state_is_refused"),
    (Refuses, "test_failed_step_can_be_done_again"),
    (Refuses, "test_two_positions_of_one_number_are_two"),
    (SavesTwice, "test_saving_again_changes_nothing"),
    (ExpectsNothing, "test_expected_sequence"),
    (ListsOldestFirst, "test_last_application_of_a_partition"),
    (ForksAll, "test_fork"),
    (DeletesNothing, "test_delete"),
    (KeepsOneMore, "test_truncate"),
    (PrunesInDryRun, "test_prune"),
    (HidesStatus, "test_history"),
    (ComparesNothing, "test_diff"),
    (ForgetsAtCleanup, "test_can_be_used_after_its_cleanup"),
    (NeverReady, "test_initializes_itself_and_again"),
    (Trims, "test_any_step_comes_back"),
    (Trims, "test_threads_lose_nothing"),
    (SavesAnything, "test_what_cannot_be_saved_is_shown"),
    (CopiesNothing, "test_copy_has_the_same_states"),
    (LoadsAnything, "test_nothing_is_loaded_that_was_not_saved"),
    (on(ForksWhatIsGone), "test_fork_while_its_source_is_dropped"),
    (on(DropsWhatIsNeeded), "test_save_while_others_are_dropped"),
    (on(HidesWhatIsOfOthers), "test_application_that_was_deleted_by_another_one"),
    (on(ReleasesNothing), "test_two_that_delete_a_family"),
    (on(DropsWhatIsNew), "test_save_while_others_are_pruned"),
]


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_broken_persister_fails(broken: Callable[[], Any], test: str) -> None:
    getattr(Contract(), test)(InMemoryPersister())
    with pytest.raises((Exception, pytest.fail.Exception)):  # type: ignore[arg-type]
        getattr(Contract(), test)(broken())


def test_each_test_can_fail() -> None:
    tests = {name for name in dir(PersisterContract) if name.startswith("test_")}
    assert {test for _, test in BROKEN} == tests


def test_coroutines_are_awaited() -> None:
    contract = AsyncPersisterContract()
    with asyncio.Runner() as AsyncPersisterContract.runner:
        persister = AsyncInMemoryPersister()
        contract.save(persister, 1)
        assert contract.load(persister)["state"] == contract.state(1)
    AsyncPersisterContract.runner = None

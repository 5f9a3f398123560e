"""Stashes that are filled in parallel."""

from __future__ import annotations

import copy
import inspect
import logging
import os
import pickle
import threading
from abc import ABCMeta
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from elders import stand_in
from hypothesis import given, settings
from hypothesis import strategies as st
from labour import BOUND, await_that
from programs import run_code, run_script
from shelves import (
    DELEGATES,
    ENGINES,
    ITEMS,
    Broken,
    Client,
    ContainerFirst,
    ContainerLast,
    Dice,
    Doubles,
    Freed,
    Freeing,
    Hooked,
    Journal,
    LockedStash,
    Logging,
    Numbered,
    Plain,
    Reading,
    SetUp,
    Telling,
    Through,
    Whole,
    caused,
    what_a_loop_makes,
)

from zensols.multi import (
    CannotTravelError,
    ItemTimeoutError,
    MultiProcessDefaultStash,
    MultiProcessError,
    MultiProcessStash,
    PoolMultiProcessor,
    Progress,
    SingleMultiProcessor,
    retry,
)
from zensols.persist import (
    DictionaryStash,
    DirectoryStash,
    PersistableError,
    PrimablePreemptiveStash,
    Stash,
)


@dataclass
class Powers(MultiProcessStash[int]):
    """Has required fields."""

    base: int
    most: int

    def _create_data(self) -> Iterable[int]:
        return range(self.most)

    def _process(self, chunk: list[int]) -> Iterable[tuple[str, int]]:
        return ((str(number), self.base**number) for number in chunk)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "notes")


@pytest.fixture(params=DELEGATES)
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stash[Any]]:
    made = DELEGATES[request.param](tmp_path)
    yield made
    if hasattr(made, "close"):
        made.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def doubles(delegate: Stash[Any], journal: Journal, **options: Any) -> Doubles:
    return Doubles(delegate, folder=journal.folder, **options)


def worked(journal: Journal) -> dict[int, int]:
    """How often each item was worked on since this was asked."""
    return {int(what): n for what, n in journal.take().items() if what.isdigit()}


# Filling


def test_needs_nothing_but_a_delegate(delegate: Stash[Any], engine: str) -> None:
    stash = Plain(delegate, workers=2, engine=engine)
    assert dict(stash) == what_a_loop_makes(ITEMS)
    assert dict(delegate) == what_a_loop_makes(ITEMS)
    stash.close()


def test_keyword_alone_is_enough(tmp_path: Path) -> None:
    stash = Plain(delegate=DirectoryStash(tmp_path / "out"))
    assert dict(stash) == what_a_loop_makes(ITEMS)
    # Nothing but the items is among the files.
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"{key}.dat" for key in what_a_loop_makes(ITEMS)}


READS: list[Callable[[Plain], Any]] = [
    lambda stash: stash["5.0"],
    lambda stash: stash.load("5.0"),
    lambda stash: stash.get("5.0"),
    lambda stash: "5.0" in stash and 10,
    lambda stash: stash.exists("5.0") and 10,
    lambda stash: dict(stash)["5.0"],
    lambda stash: dict(stash.items())["5.0"],
    lambda stash: list(stash.values())[-1],
    lambda stash: 2 * len(stash) - 2,
    lambda stash: 2 * len(list(stash.keys())) - 2,
    lambda stash: 10 * sum(len(group) for group in stash.key_groups(3)) // 6,
    lambda stash: dict(stash.load_many(["5.0"]))["5.0"],
    lambda stash: stash.as_mapping()["5.0"],
    lambda stash: dict(stash.as_completed())["5.0"],
]


@pytest.mark.parametrize("read", READS)
def test_reads_prime(read: Callable[[Plain], Any]) -> None:
    assert read(Plain(DictionaryStash(), workers=1)) == 10


def test_writing_does_not_prime(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal)
    stash["mine"] = 1
    stash.dump("mine", 2)
    stash.delete("mine")
    stash.delete_many(["mine"])
    stash.clear()
    assert journal.lines() == []


def test_absent_key_is_absent(delegate: Stash[Any]) -> None:
    stash = Plain(delegate, workers=1)
    assert "absent" not in stash
    assert stash.get("absent", 5) == 5
    assert stash.load("absent") is None
    with pytest.raises(KeyError):
        stash["absent"]


def test_none_is_a_value(delegate: Stash[Any], engine: str) -> None:
    stash = Doubles(delegate, items=[1], workers=2, engine=engine)
    assert stash.get("1.0", 5) is None
    assert stash["1.0"] is None
    assert "1.0" in stash
    stash.close()


def test_super_is_primed_first(journal: Journal) -> None:
    class Inner(PrimablePreemptiveStash[int]):
        def prime(self) -> None:
            super().prime()
            journal.note("inner")

    stash = doubles(Inner(DictionaryStash()), journal)
    stash.prime()
    order = [what for _, what in journal.lines()]
    assert order[0] == "inner"
    assert order.count("created") == 1


def test_what_was_made_by_other_means_is_complete(journal: Journal) -> None:
    stash = doubles(DictionaryStash({"mine": 1}), journal)
    assert stash.has_data
    assert dict(stash) == {"mine": 1}
    assert journal.lines() == []


def test_spawn_work_does_it_whatever_is_there(journal: Journal, engine: str) -> None:
    stash = doubles(DictionaryStash({"mine": 1}), journal, engine=engine)
    for _ in range(2):
        stash._spawn_work()
        assert dict(stash) == {"mine": 1} | what_a_loop_makes(ITEMS)
        assert journal.take() == {"created": 1} | {str(item): 1 for item in ITEMS}
    assert not stash.progress().failed


def test_prime_is_quick_once_done(journal: Journal) -> None:
    class Counted(LockedStash):
        listed = 0

        def keys(self) -> Iterable[str]:
            type(self).listed += 1
            return super().keys()

    stash = doubles(Counted(), journal)
    stash.prime()
    Counted.listed = 0
    for _ in range(3):
        stash.prime()
    assert Counted.listed == 0
    assert journal.counts()["created"] == 1


def test_data_is_cut_in_lists(engine: str) -> None:
    stash = Whole(DictionaryStash(), None, None, 2, 2, engine=engine)
    assert dict(stash) == {"1": [1, 2], "3": [3, 4], "5": [5]}


def test_chunks_are_numbered_by_the_hook(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hooked, "seen", [])
    stash = Hooked(DictionaryStash(), chunk_size=2, workers=2, engine=engine)
    assert dict(stash) == what_a_loop_makes(number + 1 for number in ITEMS)
    assert stash.seen == [(0, [2, 3]), (1, [4, 5]), (2, [6])]


def test_automatic_chunks_have_all_items(engine: str) -> None:
    stash = Doubles(DictionaryStash(), items=range(100), workers=2, engine=engine)
    assert dict(stash) == what_a_loop_makes(range(100))


def test_nothing_to_do(delegate: Stash[Any], engine: str) -> None:
    stash = Doubles(delegate, items=(), workers=2, engine=engine)
    assert len(stash) == 0
    assert not stash.has_data
    stash.close()


def test_endless_items_are_taken_as_they_are_needed(journal: Journal) -> None:
    stash = doubles(
        DictionaryStash(), journal, items=count(), workers=2, engine="threads"
    )
    some = stash.as_completed()
    first = dict(islice(some, 20))
    stash.close()
    some.close()
    assert first.items() <= what_a_loop_makes(range(1000)).items()
    assert len(first) == 20


# Workers


def test_parent_is_no_child(engine: str) -> None:
    stash = Telling(DictionaryStash(), chunk_size=1, workers=2, engine=engine)
    values = list(stash.values())
    assert not stash.is_child
    assert all(is_child for is_child, _, _ in values)
    if engine == "processes":
        assert os.getpid() not in {pid for _, _, pid in values}
    else:
        assert id(stash) not in {other for _, other, _ in values}
        assert {pid for _, _, pid in values} == {os.getpid()}


def test_f_child_that_reads_does_not_prime_again(
    delegate: Stash[Any], engine: str
) -> None:
    stash = Reading(delegate, chunk_size=1, workers=2, engine=engine)
    assert dict(stash) == {str(number): number for number in range(4)}
    stash.close()


def test_child_is_set_up_once_by_each_worker(journal: Journal) -> None:
    stash = SetUp(
        DirectoryStash(journal.folder / "items"),
        folder=journal.folder,
        chunk_size=1,
        workers=2,
        engine="processes",
    )
    assert dict(stash) == what_a_loop_makes(ITEMS)
    setups = {what: n for what, n in journal.counts().items() if "init" in what}
    assert setups
    assert all(n == 1 and what.endswith("True") for what, n in setups.items())
    assert not stash.ready


def test_f_delegate_in_memory_gets_everything() -> None:
    stash = Plain(DictionaryStash(), chunk_size=1, workers=2, engine="processes")
    assert dict(stash) == what_a_loop_makes(ITEMS)


def test_closures_and_lambdas_travel() -> None:
    factor = 7
    stash = Through(DictionaryStash(), workers=2, engine="processes")
    stash.call = lambda number: number * factor
    assert dict(stash) == {str(number): number * 7 for number in ITEMS}


def test_class_within_a_function_travels() -> None:
    factor = 7

    class Local(Plain):
        def _process(self, chunk: list[int]) -> Iterable[tuple[str, Any]]:
            return ((str(number), number * factor) for number in chunk)

    stash = Local(DictionaryStash(), workers=2, engine="processes")
    assert dict(stash) == {str(number): number * 7 for number in ITEMS}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_stash_of_a_program_travels(tmp_path: Path, method: str) -> None:
    printed = run_script(
        tmp_path,
        """
        import sys
        from zensols.multi import MultiProcessStash
        from zensols.multi.engine import ProcessesEngine
        from zensols.persist import DictionaryStash

        class Mine(MultiProcessStash):
            def _create_data(self):
                return range(4)
            def _process(self, chunk):
                return ((str(n), Value(n)) for n in chunk)

        class Value:
            def __init__(self, number):
                self.number = number

        if __name__ == "__main__":
            engine = ProcessesEngine(2, sys.argv[1])
            stash = Mine(DictionaryStash(), engine=engine)
            print({key: value.number for key, value in sorted(stash)})
        """,
        method,
    )
    assert printed == "{'0': 0, '1': 1, '2': 2, '3': 3}"


def test_attribute_that_cannot_travel_is_named_before_any_work(
    journal: Journal,
) -> None:
    stash = doubles(DictionaryStash(), journal, workers=2)
    stash.guard = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(CannotTravelError, match=r"Doubles.*guard"):
        stash.prime()
    assert worked(journal) == {}
    del stash.guard  # type: ignore[attr-defined]
    assert dict(stash) == what_a_loop_makes(ITEMS)


def test_log_of_workers_reaches_the_program(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "words"):
        Logging(DictionaryStash(), workers=2, engine=engine).prime()
    texts = {r.getMessage() for r in caplog.records if r.name == "words"}
    assert texts == {f"number {number}" for number in ITEMS}


def test_random_numbers_are_those_of_the_chunk() -> None:
    def throw(**options: Any) -> dict[str, Any]:
        return dict(Dice(DictionaryStash(), chunk_size=4, **options))

    serial = throw(engine="serial")
    assert throw(engine="processes", workers=2) == serial
    assert {seed for _, seed in throw(engine="threads", workers=2).values()} == {0}
    assert len({seed for _, seed in serial.values()}) == 3
    assert throw(engine="serial", seed=1) != serial


# How it is made


def test_constructor_takes_its_parameters_by_position() -> None:
    delegate: Stash[int] = DictionaryStash()
    stash = Plain(delegate, "config", "name", 7, 0.5)
    assert stash.delegate is delegate
    assert (stash.config, stash.name) == ("config", "name")
    assert (stash.chunk_size, stash.workers) == (7, 0.5)
    names = list(inspect.signature(Plain.__init__).parameters)
    assert names[1:6] == ["delegate", "config", "name", "chunk_size", "workers"]


def test_defaults() -> None:
    stash = Plain(DictionaryStash())
    assert (stash.config, stash.name) == (None, None)
    assert (stash.chunk_size, stash.workers) == (0, 0)
    assert (stash.engine, stash.on_failure, stash.death_retries) == (None, "raise", 1)
    assert (stash.item_timeout, stash.version, stash.seed) == (None, "", 0)
    assert stash.processor_class is None
    assert stash.ATTR_EXP_META == ("chunk_size", "workers")
    assert stash.LOG_CONFIG_SECTION == "multiprocess_log_config"


def test_subclass_may_have_required_fields() -> None:
    stash = Powers(DictionaryStash(), 2, most=4)
    assert (stash.chunk_size, stash.workers, stash.processor_class) == (0, 0, None)
    assert dict(stash) == {"0": 1, "1": 2, "2": 4, "3": 8}
    given = Powers(
        delegate=DictionaryStash(),
        config=None,
        name="powers",
        chunk_size=2,
        workers=1,
        base=3,
        most=2,
        engine="serial",
    )
    assert (given.name, given.chunk_size, given.workers) == ("powers", 2, 1)
    assert dict(given) == {"0": 1, "1": 3}
    with pytest.raises(TypeError, match="most"):
        Powers(DictionaryStash(), 2)  # type: ignore[call-arg]


def test_all_fields_but_the_delegate_are_keyword_only() -> None:
    positional = [f.name for f in fields(Powers) if f.init and not f.kw_only]
    assert positional == ["delegate", "base", "most"]


def test_default_stash_takes_its_parameters_by_position() -> None:
    @dataclass
    class Roots(MultiProcessDefaultStash[float]):
        degree: int = 2

        def _create_data(self) -> Iterable[int]:
            return range(3)

        def _process(self, chunk: list[int]) -> Iterable[tuple[str, float]]:
            return ((str(n), n ** (1 / self.degree)) for n in chunk)

    defaults = Roots(DictionaryStash())
    assert (defaults.config, defaults.name) == (None, None)
    assert (defaults.chunk_size, defaults.workers, defaults.degree) == (0, 1, 2)
    assert defaults.processor_class is PoolMultiProcessor
    stash = Roots(DictionaryStash(), None, "roots", 3, 2, SingleMultiProcessor, 1)
    assert (stash.name, stash.chunk_size, stash.workers) == ("roots", 3, 2)
    assert stash.processor_class is SingleMultiProcessor
    assert dict(stash) == {"0": 0, "1": 1, "2": 2}


def test_class_attributes_are_options() -> None:
    class Threaded(Plain):
        engine = "threads"
        workers = 2
        version = "2"

    class More(Doubles):
        engine = "threads"
        on_failure = "collect"

    @dataclass
    class Most(Powers):
        engine = "threads"
        chunk_size = 5
        seed = 3

    plain = Threaded(DictionaryStash())
    assert (plain.engine, plain.workers, plain.version) == ("threads", 2, "2")
    assert (plain.chunk_size, plain.on_failure) == (0, "raise")
    more = More(DictionaryStash())
    assert (more.engine, more.on_failure, more.version) == ("threads", "collect", "")
    most = Most(DictionaryStash(), 2, 3)
    assert (most.engine, most.chunk_size, most.seed) == ("threads", 5, 3)
    for stash in (plain, more, most):
        assert stash == copy.copy(stash)
        assert pickle.loads(pickle.dumps(stash.engine)) == "threads"
        assert "engine='threads'" in repr(stash)
    assert replace(most, workers=1).engine == "threads"


def test_what_is_given_beats_the_class() -> None:
    class More(Doubles):
        engine = "threads"
        on_failure = "collect"

    class Threaded(Plain):
        engine = "threads"
        workers = 2

    more = More(DictionaryStash(), engine=None, on_failure="raise")
    assert (more.engine, more.on_failure) == (None, "raise")
    plain = Threaded(DictionaryStash(), workers=0, engine=None)
    assert (plain.engine, plain.workers) == (None, 0)


def test_signatures_show_the_defaults() -> None:
    parameters = inspect.signature(Powers.__init__).parameters
    assert [str(parameters[name]) for name in ("workers", "on_failure", "version")] == [
        "workers: 'int | float' = 0",
        "on_failure: 'OnFailure | Retry' = 'raise'",
        "version: 'str' = ''",
    ]
    # The names that an object factory fills by itself.
    assert {"config", "name"} <= set(inspect.signature(Plain.__init__).parameters)


def test_processor_class_is_no_parameter() -> None:
    class Single(Plain):
        processor_class = SingleMultiProcessor

    assert Single(DictionaryStash()).processor_class is SingleMultiProcessor
    with pytest.raises(TypeError, match=r"Plain has no option 'processor_class'"):
        Plain(DictionaryStash(), processor_class=SingleMultiProcessor)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"chunk_size": -1}, PersistableError, "chunk_size -1 of Plain"),
        ({"item_timeout": 0}, PersistableError, "item_timeout 0 of Plain"),
        ({"on_failure": "ignore"}, ValueError, "'ignore'"),
        ({"worker": 2}, TypeError, "Plain has no option 'worker'"),
    ],
)
def test_wrong_options_are_told_at_once(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        Plain(DictionaryStash(), **options)


def test_no_delegate_is_an_error() -> None:
    with pytest.raises(PersistableError, match="Delegate of Plain is not set"):
        Plain(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [0.0, -0.5, float("nan"), True])
def test_f_senseless_workers_are_told(workers: float, journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal, workers=workers)
    with pytest.raises(ValueError, match=r"Can't have .* workers"):
        stash.prime()
    assert worked(journal) == {}


@pytest.mark.parametrize("workers", [-1000, 0, 0.01, 1, 2])
def test_f_any_sensible_number_of_workers_works(workers: float) -> None:
    assert dict(Plain(DictionaryStash(), workers=workers)) == what_a_loop_makes(ITEMS)


def test_unknown_engine_is_told() -> None:
    with pytest.raises(MultiProcessError, match="no engine 'ray'"):
        Plain(DictionaryStash(), engine="ray").prime()


def test_any_executor_is_an_engine() -> None:
    with ThreadPoolExecutor(2) as executor:
        stash = Plain(DictionaryStash(), workers=2, engine=executor)
        assert dict(stash) == what_a_loop_makes(ITEMS)
        assert executor.submit(abs, -1).result() == 1


def test_shape_of_the_class() -> None:
    assert type(MultiProcessStash) is ABCMeta
    assert issubclass(MultiProcessStash, PrimablePreemptiveStash)
    assert issubclass(MultiProcessDefaultStash, MultiProcessStash)
    with pytest.raises(TypeError, match="abstract"):
        MultiProcessStash(DictionaryStash())  # type: ignore[abstract]
    assert Plain(DictionaryStash()) == Plain(DictionaryStash())
    assert Plain(DictionaryStash()) != Plain(DictionaryStash(), version="2")
    with pytest.raises(TypeError, match="unhashable"):
        hash(Plain(DictionaryStash()))
    assert repr(Plain(DictionaryStash())).startswith(
        "Plain(delegate=DictionaryStash(_data={}), config=None, name=None, chunk_size=0"
    )


@pytest.mark.parametrize("kind", [ContainerFirst, ContainerLast])
def test_clients_mix_bases(
    kind: type[ContainerFirst | ContainerLast], engine: str
) -> None:
    stash = kind(DictionaryStash(), workers=2, engine=engine)
    stash.guard = threading.Lock()
    assert dict(stash) == what_a_loop_makes(ITEMS)
    other = copy.deepcopy(stash)
    assert other.guard is None
    assert dict(other) == what_a_loop_makes(ITEMS)
    stash.deallocate()


def test_pickled_stash_works(journal: Journal) -> None:
    stash = doubles(DirectoryStash(journal.folder / "items"), journal)
    stash.prime()
    journal.take()
    other = pickle.loads(pickle.dumps(stash))
    assert dict(other) == what_a_loop_makes(ITEMS)
    assert other == stash
    assert worked(journal) == {}


def test_clients_override_methods(journal: Journal, engine: str) -> None:
    stash = Client(DictionaryStash(), folder=journal.folder, workers=2, engine=engine)
    expected = what_a_loop_makes(ITEMS)
    assert list(stash.keys()) == sorted(expected, reverse=True)
    assert dict(stash) == {k: v if v is None else -v for k, v in expected.items()}
    assert "+2.0" in stash
    assert dict(stash.delegate) == expected
    assert worked(journal) == dict.fromkeys(ITEMS, 1)
    other = pickle.loads(pickle.dumps(stash))
    assert other["2.0"] == stash["2.0"] == -4


# Failures


def test_failure_comes_as_it_was(engine: str, journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal, workers=2, engine=engine, bad={3: 9})
    with pytest.raises(ValueError, match="item 3 is bad") as caught:
        stash.prime()
    assert str(caught.value) == "item 3 is bad"
    assert type(caught.value) is ValueError
    notes = "\n".join(caught.value.__notes__)
    assert "item 3" in notes
    assert "in _process" in notes
    # What else finished is kept.
    rest = set(ITEMS) - {3}
    assert dict(stash.delegate) == what_a_loop_makes(rest)


@pytest.mark.parametrize("engine", ["serial", "threads", "processes"])
def test_failure_comes_with_its_cause(engine: str) -> None:
    stash = Through(DictionaryStash(), chunk_size=1, workers=2, engine=engine)
    stash.call = caused
    with pytest.raises(ValueError, match="of the key") as caught:
        stash.prime()
    assert type(caught.value.__cause__) is KeyError


def test_first_of_many_failures_is_raised(journal: Journal) -> None:
    stash = doubles(
        DictionaryStash(), journal, chunk_size=1, bad=dict.fromkeys(ITEMS, 9)
    )
    with pytest.raises(ValueError, match="item 1 is bad") as caught:
        stash.prime()
    assert "5 items failed" in "\n".join(caught.value.__notes__)


def test_f_partial_data_is_not_taken_for_complete(
    delegate: Stash[Any], engine: str, journal: Journal
) -> None:
    first = doubles(
        delegate, journal, engine=engine, workers=2, chunk_size=1, bad={4: 1}
    )
    with pytest.raises(ValueError, match="item 4 is bad"):
        first.prime()
    assert worked(journal).keys() == set(ITEMS)
    later = doubles(delegate, journal, engine=engine, workers=2)
    assert dict(later) == what_a_loop_makes(ITEMS)
    # Only what was missing has been done.
    assert worked(journal) == {4: 1}
    assert dict(doubles(delegate, journal)) == what_a_loop_makes(ITEMS)
    assert worked(journal) == {}
    first.close()
    later.close()


def test_next_access_tries_what_failed(journal: Journal) -> None:
    stash = doubles(DictionaryStash(), journal, chunk_size=1, bad={2: 2})
    for _ in range(2):
        with pytest.raises(ValueError, match="item 2"):
            stash.load("2.0")
    assert stash["2.0"] == 4
    assert worked(journal) == {1: 1, 2: 3, 3: 1, 4: 1, 5: 1}


def test_failures_are_collected(engine: str, journal: Journal) -> None:
    stash = doubles(
        DictionaryStash(),
        journal,
        workers=2,
        engine=engine,
        bad={2: 1, 5: 1},
        on_failure="collect",
        chunk_size=1,
    )
    failures = dict(stash.iterfails())
    assert failures.keys() == {"2", "5"}
    assert str(failures["5"].exception) == "item 5 is bad"
    assert type(failures["5"].exception) is ValueError
    assert len(stash) == len(what_a_loop_makes([1, 3, 4]))
    assert stash.progress().failed == 2
    assert stash.reprocess_failures() == {"2", "5"}
    assert dict(stash) == what_a_loop_makes(ITEMS)
    assert dict(stash.iterfails()) == {}
    assert stash.reprocess_failures() == set()
    assert worked(journal) == {1: 1, 2: 2, 3: 1, 4: 1, 5: 2}


def test_collected_failures_are_not_tried_by_each_access(journal: Journal) -> None:
    stash = doubles(
        DictionaryStash(), journal, bad={2: 9}, on_failure="collect", chunk_size=1
    )
    for _ in range(3):
        assert "2.0" not in stash
    assert worked(journal)[2] == 1


def test_items_are_tried_again(engine: str, journal: Journal) -> None:
    stash = doubles(
        DictionaryStash(),
        journal,
        chunk_size=1,
        workers=2,
        engine=engine,
        bad={3: 2},
        on_failure=retry(2),
    )
    assert dict(stash) == what_a_loop_makes(ITEMS)
    assert worked(journal) == {1: 1, 2: 1, 3: 3, 4: 1, 5: 1}


def test_failure_of_the_data_comes_as_it_was(engine: str) -> None:
    stash = Broken(DictionaryStash(), chunk_size=1, workers=2, engine=engine)
    with pytest.raises(ZeroDivisionError, match="no more"):
        stash.prime()
    assert stash.delegate.keys() <= {"2.0", "2.1"}


def test_item_may_take_so_long() -> None:
    class Slow(Plain):
        def _process(self, chunk: list[int]) -> Iterable[tuple[str, Any]]:
            for number in chunk:
                while number == 3:
                    pass
                yield str(number), number

    stash = Slow(DictionaryStash(), workers=1, chunk_size=1, item_timeout=0.2)
    with pytest.raises(ItemTimeoutError, match="3"):
        stash.prime()
    assert stash.delegate.keys() == {"1", "2", "4", "5"}


# What is done


def test_version_redoes_all_and_drops_what_only_others_made(
    delegate: Stash[Any], journal: Journal
) -> None:
    doubles(delegate, journal, version="1").prime()
    delegate.dump("mine", 1)
    journal.take()
    later = doubles(delegate, journal, items=(3, 4, 5), version="2")
    assert dict(later) == {"mine": 1} | what_a_loop_makes((3, 4, 5))
    assert worked(journal) == {3: 1, 4: 1, 5: 1}
    again = doubles(delegate, journal, items=(3, 4, 5), version="2")
    assert dict(again) == {"mine": 1} | what_a_loop_makes((3, 4, 5))
    assert worked(journal) == {}


def test_items_added_are_found_when_looked_for(
    delegate: Stash[Any], journal: Journal
) -> None:
    doubles(delegate, journal).prime()
    journal.take()
    later = doubles(delegate, journal, items=(*ITEMS, 8))
    later.invalidate()
    assert worked(journal) == {8: 1}
    assert dict(later) == what_a_loop_makes((*ITEMS, 8))


def test_what_is_deleted_on_purpose_is_not_made_again(
    delegate: Stash[Any], journal: Journal
) -> None:
    first = doubles(delegate, journal, chunk_size=1)
    first.prime()
    first.delete("2.0")
    del first["2.1"]
    first.delete_many(["5.0", "5.1"])
    journal.take()
    for stash in (first, doubles(delegate, journal)):
        assert dict(stash) == what_a_loop_makes((1, 3, 4))
        stash.invalidate()
        assert worked(journal) == {}


def test_what_vanishes_is_made_again(delegate: Stash[Any], journal: Journal) -> None:
    first = doubles(delegate, journal, chunk_size=1)
    first.prime()
    delegate.delete("2.1")
    journal.take()
    assert dict(doubles(delegate, journal)) == what_a_loop_makes(ITEMS)
    assert worked(journal) == {2: 1}


def test_cleared_stash_is_filled_again(
    delegate: Stash[Any], engine: str, journal: Journal
) -> None:
    stash = doubles(delegate, journal, engine=engine, workers=2)
    for _ in range(2):
        assert dict(stash) == what_a_loop_makes(ITEMS)
        stash.clear()
        assert dict(delegate) == {}
    assert dict(stash) == what_a_loop_makes(ITEMS)
    assert worked(journal) == dict.fromkeys(ITEMS, 3)
    stash.close()


def test_delegate_may_have_keys_that_are_not_text() -> None:
    stash = Plain(DictionaryStash({1: "mine"}), workers=1)  # type: ignore[dict-item]
    stash._spawn_work()
    assert dict(stash) == {1: "mine"} | what_a_loop_makes(ITEMS)


def test_keys_that_are_not_text_are_kept(engine: str) -> None:
    stash = Numbered(DictionaryStash(), workers=2, engine=engine)
    assert stash[3] == -3  # type: ignore[index]


@pytest.mark.parametrize("engine", ["serial", "threads"])
def test_values_in_memory_are_not_deallocated(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Freed, "freed", [])
    stash = Freeing(DictionaryStash(), workers=2, engine=engine)
    assert sorted(value.number for value in stash.values()) == list(ITEMS)
    assert Freed.freed == []


def test_values_in_workers_are_deallocated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Freed, "freed", [])
    stash = Freeing(DirectoryStash(tmp_path / "items"), workers=1)
    stash.prime()
    assert Freed.freed == list(ITEMS)


@settings(max_examples=40, deadline=None)
@given(
    items=st.lists(st.integers(0, 20), max_size=12),
    chunk_size=st.integers(0, 5),
    engine=st.sampled_from(["serial", "threads"]),
    gone=st.lists(st.sets(st.integers(0, 20)), max_size=3),
    is_new=st.booleans(),
)
def test_ends_with_what_a_loop_makes(
    items: list[int],
    chunk_size: int,
    engine: str,
    gone: list[set[int]],
    is_new: bool,
) -> None:
    expected = what_a_loop_makes(items)
    options: dict[str, Any] = {
        "items": items,
        "chunk_size": chunk_size,
        "engine": engine,
        "workers": 2,
    }
    delegate: DictionaryStash[Any] = DictionaryStash()
    stash = Doubles(delegate, **options)
    assert dict(stash) == expected
    for numbers in gone:
        for key in list(delegate.keys()):
            if int(key.partition(".")[0]) in numbers:
                del delegate.data[key]
        if is_new:
            stash = Doubles(delegate, **options)
        else:
            stash.invalidate()
        assert dict(stash) == expected
        assert delegate.data == expected


# Progress


def test_progress_is_told(engine: str) -> None:
    told: list[Progress] = []
    stash = Plain(
        DictionaryStash(),
        chunk_size=1,
        workers=2,
        engine=engine,
        show_progress=told.append,
    )
    assert stash.progress().state == "idle"
    stash.prime()
    assert {progress.total for progress in told} == {5}
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert (told[-1].state, told[-1].done) == ("complete", 5)
    assert stash.progress() == told[-1]


# Once


def test_f_threads_prime_once(delegate: Stash[Any], journal: Journal) -> None:
    stash = doubles(delegate, journal)
    meeting = threading.Barrier(8)
    found: list[Any] = []

    def read() -> None:
        meeting.wait(BOUND)
        found.append(dict(stash))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND)
    assert found == [what_a_loop_makes(ITEMS)] * 8
    assert journal.counts() == {"created": 1} | {str(item): 1 for item in ITEMS}
    stash.close()


@pytest.mark.parametrize("kind", ["dictionary", "directory", "sqlite", "own"])
def test_f_objects_prime_once(kind: str, tmp_path: Path, journal: Journal) -> None:
    delegate = DELEGATES[kind](tmp_path)
    meeting = threading.Barrier(4)

    def read(_: int) -> dict[str, Any]:
        stash = doubles(delegate, journal)
        meeting.wait(BOUND)
        return dict(stash)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(read, range(4)))
    assert found == [what_a_loop_makes(ITEMS)] * 4
    assert worked(journal) == dict.fromkeys(ITEMS, 1)


@pytest.mark.parametrize("kind", ["directory", "sqlite"])
def test_f_processes_prime_once(kind: str, tmp_path: Path, journal: Journal) -> None:
    code = """
        import sys
        from pathlib import Path
        sys.path[:0] = [sys.argv[1]]
        from shelves import DELEGATES, Doubles
        from labour import await_that
        folder = Path(sys.argv[2])
        stash = Doubles(
            DELEGATES[sys.argv[3]](folder), folder=folder / "notes", workers=2)
        stash.note("ready")
        assert await_that((folder / "go").exists)
        print(len(dict(stash)))
        stash.close()
    """
    support = str(Path(inspect.getfile(Doubles)).parent)
    with ThreadPoolExecutor(3) as pool:
        programs = [
            pool.submit(run_code, code, support, str(tmp_path), kind) for _ in range(3)
        ]
        assert await_that(lambda: journal.counts()["ready"] == 3)
        (tmp_path / "go").touch()
        printed = {program.result() for program in programs}
    assert printed == {str(len(what_a_loop_makes(ITEMS)))}
    assert worked(journal) == dict.fromkeys(ITEMS, 1)


# Made by an object factory


CONFIGURED = """
from zensols.config import Config, ImportConfigFactory
from zensols.multi import MultiProcessStash, MultiProcessDefaultStash
from zensols.persist import DirectoryStash, DictionaryStash
from dataclasses import dataclass
from pathlib import Path
import os, threading

@dataclass
class Squares(MultiProcessStash):
    most: int
    def __post_init__(self):
        super().__post_init__()
        {attribute}
    def _create_data(self):
        return range(self.most)
    def _process(self, chunk):
        assert self.is_child and self.name == "squares"
        for number in chunk:
            yield str(number), (number ** 2, os.getpid() == {parent})

options = dict(class_name="__main__.Squares", delegate={delegate}, chunk_size=1,
               workers=2, most=4, engine={engine!r})
stash = ImportConfigFactory(Config(dict(squares=options))).instance("squares")
print(sorted((key, *value) for key, value in stash))
print(sorted(set(map(type, ImportConfigFactory.made)))[0].__name__, stash.is_child)
"""


@pytest.mark.parametrize("kind", ["DictionaryStash()", "DirectoryStash(Path({0!r}))"])
def test_configured_stash_works_the_same(
    tmp_path: Path, kind: str, engine: str
) -> None:
    code = stand_in(tmp_path / "elders") + CONFIGURED.format(
        attribute="pass",
        parent=-1,
        delegate=kind.format(str(tmp_path / "items")),
        engine=engine,
    )
    printed = run_code(code).splitlines()
    squares = [(str(number), number**2, False) for number in range(4)]
    assert printed == [str(squares), "ImportConfigFactory False"]


def test_configured_stash_need_not_travel(tmp_path: Path) -> None:
    code = stand_in(tmp_path / "elders") + CONFIGURED.format(
        attribute="self.guard = threading.Lock()",
        parent=os.getpid(),
        delegate="DictionaryStash()",
        engine="processes",
    )
    assert run_code(code).splitlines()[-1] == "ImportConfigFactory False"

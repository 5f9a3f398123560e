"""Stashes that are filled in parallel with what a factory stash creates."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labour import BOUND, await_that
from shelves import (
    DELEGATES,
    ENGINES,
    Cubes,
    CubesByTwo,
    GatedCubes,
    Journal,
    Named,
    PrimedCubes,
    Unpicklable,
)
from strands import in_thread, is_waiting

from zensols.multi import (
    MultiProcessFactoryStash,
    MultiProcessRobustStash,
    MultiProcessStash,
    PoolMultiProcessor,
    SingleMultiProcessor,
    retry,
)
from zensols.persist import (
    DictionaryStash,
    DirectoryStash,
    PersistableError,
    PreemptiveStash,
    ReadOnlyStash,
    Stash,
)
from zensols.persist.error import Failure

CUBES = {"1": 1, "2": 8, "3": 27, "4": 64, "5": 125}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "notes")
    yield made
    # Threads of a failed test wait for it.
    made.folder.mkdir(exist_ok=True)
    (made.folder / "gate").touch()
    (made.folder / "first").touch()


@pytest.fixture(params=DELEGATES)
def delegate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stash[Any]]:
    made = DELEGATES[request.param](tmp_path)
    yield made
    if hasattr(made, "close"):
        made.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(
    factory: Stash[Any],
    delegate: Stash[Any] | None = None,
    kind: type[MultiProcessFactoryStash[Any]] = MultiProcessFactoryStash,
    **options: Any,
) -> MultiProcessFactoryStash[Any]:
    options.setdefault("workers", 2)
    return kind(
        factory=factory,
        delegate=DictionaryStash() if delegate is None else delegate,
        show_progress=False,
        **options,
    )


def robust(*args: Any, **options: Any) -> MultiProcessRobustStash[Any]:
    stash = made(*args, kind=MultiProcessRobustStash, **options)
    assert isinstance(stash, MultiProcessRobustStash)
    return stash


# How it is made


def test_constructor_takes_its_parameters_by_position() -> None:
    class Client(MultiProcessFactoryStash[Any]):
        def __init__(
            self, config: Any, name: str, factory: Any, *args: Any, **kwargs: Any
        ) -> None:
            super().__init__(config, name, factory, *args, **kwargs)

    factory: DictionaryStash[int] = DictionaryStash()
    delegate: DictionaryStash[int] = DictionaryStash()
    stash = Client("config", "name", factory, "always", delegate=delegate)
    assert (stash.config, stash.name) == ("config", "name")
    assert stash.factory is factory
    assert stash.delegate is delegate
    assert stash.enable_preemptive == "always"
    assert isinstance(stash, MultiProcessStash)


def test_defaults() -> None:
    stash = MultiProcessFactoryStash(
        None, None, DictionaryStash(), delegate=DictionaryStash()
    )
    assert (stash.chunk_size, stash.workers) == (0, 0)
    assert stash.enable_preemptive is False
    assert stash.processor_class is None
    parameters = inspect.signature(MultiProcessFactoryStash.__init__).parameters
    assert list(parameters)[1:5] == ["config", "name", "factory", "enable_preemptive"]
    parameters = inspect.signature(MultiProcessRobustStash.__init__).parameters
    assert list(parameters)[1:4] == ["config", "name", "protect_work"]


def test_keywords_carry_the_rest() -> None:
    stash = MultiProcessFactoryStash(
        None,
        None,
        DictionaryStash(),
        delegate=DictionaryStash(),
        chunk_size=3,
        workers=2,
        processor_class=SingleMultiProcessor,
        engine="threads",
    )
    assert (stash.chunk_size, stash.workers, stash.engine) == (3, 2, "threads")
    assert stash.processor_class is SingleMultiProcessor


def test_class_attributes_are_options() -> None:
    class Client(MultiProcessFactoryStash[Any]):
        engine = "threads"
        processor_class = PoolMultiProcessor
        chunk_size = 7

    stash = Client(factory=DictionaryStash(), delegate=DictionaryStash())
    assert (stash.engine, stash.chunk_size) == ("threads", 7)
    assert stash.processor_class is PoolMultiProcessor


def test_what_lacks_is_told() -> None:
    with pytest.raises(PersistableError, match="Factory of MultiProcessFactoryStash"):
        MultiProcessFactoryStash(delegate=DictionaryStash())
    with pytest.raises(TypeError, match="delegate"):
        MultiProcessFactoryStash(factory=DictionaryStash())
    with pytest.raises(TypeError, match="has no option 'limit'"):
        made(DictionaryStash(), limit=1)


# Filling


def test_keys_are_made_by_the_factory(
    delegate: Stash[Any], engine: str, journal: Journal
) -> None:
    stash = made(Cubes(journal.folder), delegate, engine=engine)
    assert dict(stash) == CUBES
    assert dict(delegate) == CUBES
    assert journal.take() == dict.fromkeys(CUBES, 1)
    stash.close()


def test_hook_loads_from_the_factory(engine: str, journal: Journal) -> None:
    stash = made(Cubes(journal.folder), kind=CubesByTwo, engine=engine)
    assert dict(stash) == {key: 2 * cube for key, cube in CUBES.items()}


READS: list[Callable[[Stash[Any]], Any]] = [
    lambda stash: stash["5"],
    lambda stash: stash.load("5"),
    lambda stash: stash.get("5"),
    lambda stash: "5" in stash and 125,
    lambda stash: dict(stash)["5"],
    lambda stash: 25 * len(stash),
    lambda stash: 25 * len(list(stash.keys())),
]


@pytest.mark.parametrize("read", READS)
def test_reads_prime(read: Callable[[Stash[Any]], Any], journal: Journal) -> None:
    stash = made(Cubes(journal.folder), workers=1)
    assert read(stash) == 125
    assert stash.has_data


def test_factory_is_primed_first(engine: str, journal: Journal) -> None:
    stash = made(PrimedCubes(journal.folder), engine=engine)
    assert dict(stash) == CUBES
    assert journal.lines()[0] == (os.getpid(), "primed")


def test_none_is_kept(delegate: Stash[Any], engine: str, journal: Journal) -> None:
    stash = made(Cubes(journal.folder, "01"), delegate, engine=engine)
    assert stash["0"] is None
    assert "0" in stash
    assert dict(delegate) == {"0": None, "1": 1}
    assert dict(made(Cubes(journal.folder, "01"), delegate)) == {"0": None, "1": 1}
    assert journal.take() == {"0": 1, "1": 1}
    stash.close()


def test_only_what_lacks_is_made(
    delegate: Stash[Any], engine: str, journal: Journal
) -> None:
    # As another program may have left it, without a record.
    delegate.dump("2", -8)
    delegate.dump("mine", 1)
    stash = made(Cubes(journal.folder), delegate, engine=engine)
    assert dict(stash) == CUBES | {"2": -8, "mine": 1}
    assert journal.take() == {"1": 1, "3": 1, "4": 1, "5": 1}
    stash.close()


def test_changed_keys_are_noticed_and_the_difference_is_made(
    delegate: Stash[Any], journal: Journal
) -> None:
    first = made(Cubes(journal.folder, "123"), delegate)
    first.prime()
    journal.take()
    assert dict(made(Cubes(journal.folder, "2345"), delegate)) == CUBES
    assert journal.take() == {"4": 1, "5": 1}
    first.factory.names = "1236"  # type: ignore[attr-defined]
    first.invalidate()
    assert journal.take() == {"6": 1}
    assert first["6"] == 216


def test_what_is_gone_is_made_again(delegate: Stash[Any], journal: Journal) -> None:
    stash = made(Cubes(journal.folder), delegate)
    stash.prime()
    journal.take()
    delegate.delete("3")
    stash.invalidate()
    assert dict(stash) == CUBES
    assert journal.take() == {"3": 1}


@pytest.mark.parametrize("kind", ["directory", "sqlite"])
def test_f_keys_that_are_not_text_match_stored_ones(
    kind: str, tmp_path: Path, journal: Journal
) -> None:
    delegate = DELEGATES[kind](tmp_path)
    for stash in (
        made(Cubes(journal.folder, (1, 2, 3, 4, 5)), delegate),
        made(Cubes(journal.folder, (1, 2, 3, 4, 5)), delegate),
        robust(Cubes(journal.folder, (1, 2, 3, 4, 5)), delegate),
    ):
        assert dict(stash) == CUBES
        assert stash[3] == 27  # type: ignore[index]
    assert journal.take() == dict.fromkeys(CUBES, 1)


@pytest.mark.parametrize("enable", [False, True, "always"])
def test_f_no_access_repeats_the_work(
    enable: bool | str, delegate: Stash[Any], journal: Journal
) -> None:
    stash = made(Cubes(journal.folder), delegate, enable_preemptive=enable)
    for _ in range(2):
        assert dict(stash) == CUBES
        assert stash.get("1") == 1
    again = made(Cubes(journal.folder), delegate, enable_preemptive=enable)
    assert dict(again) == CUBES
    assert journal.take() == dict.fromkeys(CUBES, 1)


def test_has_data_may_ask_the_factory() -> None:
    class Empty(PreemptiveStash[int]):
        def _calculate_has_data(self) -> bool:
            return False

    def has_data(enable: bool, **data: int) -> bool:
        factory = Empty(DictionaryStash())
        return made(factory, DictionaryStash(data), enable_preemptive=enable).has_data

    assert has_data(False, a=1)
    assert not has_data(True, a=1)
    assert not has_data(False)
    assert not has_data(True)


def test_clear_clears_both(delegate: Stash[Any]) -> None:
    factory = DictionaryStash({"a": 1})
    stash = made(factory, delegate)
    assert dict(stash) == {"a": 1}
    stash.clear()
    assert dict(delegate) == {}
    assert factory.data == {}
    assert dict(stash) == {}
    factory["b"] = 2
    stash.invalidate()
    assert dict(stash) == {"b": 2}


def test_failure_comes_as_it_was(engine: str, journal: Journal) -> None:
    stash = made(Cubes(journal.folder, _3=9), engine=engine)
    with pytest.raises(ValueError, match="cube 3 is bad") as caught:
        stash.prime()
    assert str(caught.value) == "cube 3 is bad"
    assert "'3'" in "\n".join(caught.value.__notes__)
    assert dict(stash.delegate) == {k: v for k, v in CUBES.items() if k != "3"}


def test_items_beside_a_failure_are_not_done_twice(
    engine: str, journal: Journal
) -> None:
    stash = made(Cubes(journal.folder, _3=2), engine=engine, chunk_size=5)
    with pytest.raises(ValueError, match="cube 3 is bad"):
        stash.prime()
    # With the others of its chunk, and alone.
    assert journal.counts() == dict.fromkeys(CUBES, 1) | {"3": 2}
    assert dict(stash) == CUBES
    assert journal.counts() == dict.fromkeys(CUBES, 1) | {"3": 3}


def test_version_redoes_all_and_drops_what_only_others_made(
    delegate: Stash[Any], journal: Journal
) -> None:
    made(Cubes(journal.folder), delegate, version="1").prime()
    delegate.dump("mine", 1)
    journal.take()
    for _ in range(2):
        later = made(Cubes(journal.folder, "345"), delegate, version="2")
        assert dict(later) == {"3": 27, "4": 64, "5": 125, "mine": 1}
    assert journal.take() == {"3": 1, "4": 1, "5": 1}


@settings(max_examples=30, deadline=None)
@given(
    names=st.lists(st.integers(0, 15), max_size=12, unique=True),
    chunk_size=st.integers(0, 5),
    engine=st.sampled_from(["serial", "threads"]),
    gone=st.lists(st.sets(st.integers(0, 15)), max_size=3),
    is_new=st.booleans(),
)
def test_ends_with_what_a_loop_makes(
    names: list[int],
    chunk_size: int,
    engine: str,
    gone: list[set[int]],
    is_new: bool,
) -> None:
    expected = {str(name): name**2 for name in names}
    factory = Named(list(map(str, names)))
    delegate: DictionaryStash[Any] = DictionaryStash()
    options: dict[str, Any] = {"chunk_size": chunk_size, "engine": engine}
    stash = made(factory, delegate, **options)
    assert dict(stash) == expected
    for keys in gone:
        for key in keys:
            delegate.data.pop(str(key), None)
        if is_new:
            stash = made(factory, delegate, **options)
        else:
            stash.invalidate()
        assert dict(stash) == expected
        assert delegate.data == expected


# While it is being filled


class TwoGates(GatedCubes):
    """The first key has a gate of its own."""

    def load(self, name: str) -> Any:
        if name == "1":
            Journal(self.folder).note("waiting")
            assert await_that((self.folder / "first").exists)
            return Cubes.load(self, name)
        return super().load(name)


class Background:
    """A stash that is being filled, the first keys of which are held up."""

    def __init__(
        self,
        journal: Journal,
        engine: str,
        held: tuple[Any, ...],
        *names: Any,
        kind: type[GatedCubes] = GatedCubes,
    ) -> None:
        self.gate = journal.folder / "gate"
        self.journal = journal
        factory = kind(journal.folder, (*held, *names))
        factory.held = frozenset(held)
        self.stash = made(factory, chunk_size=1, engine=engine)
        self.stash.prime(wait=False)
        assert await_that(lambda: self.counts("waiting") == len(held))

    def counts(self, what: str) -> int:
        return self.journal.counts()[what]

    def open(self) -> None:
        self.gate.touch()
        self.stash.prime()

    def read(self, *keys: Any) -> tuple[threading.Thread, dict[Any, Any]]:
        """Begin to read keys in another thread."""
        found: dict[Any, Any] = {}

        def read() -> None:
            for key in keys:
                found[key] = self.stash.get(key, "absent")

        return in_thread(read), found


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_key_that_is_asked_for_is_made_first(engine: str, journal: Journal) -> None:
    names = [str(number) for number in range(3, 300)]
    filling = Background(journal, engine, ("1", "2"), *names, kind=TwoGates)
    reader, found = filling.read("299")
    assert await_that(lambda: is_waiting(reader))
    # Now one of the two workers is free.
    filling.gate.touch()
    reader.join(BOUND)
    assert found == {"299": 299**3}
    done = [what for _, what in journal.lines() if what.isdigit()]
    # The workers had two more in their hands.
    assert done.index("299") <= 3
    assert filling.stash.progress().state == "running"
    (journal.folder / "first").touch()
    filling.open()
    assert len(filling.stash) == 299
    assert filling.counts("299") == 1


def test_key_that_is_there_is_read_at_once(journal: Journal) -> None:
    filling = Background(journal, "threads", ("1", "2"), "3")
    filling.stash.delegate.dump("4", 64)
    assert filling.stash["4"] == filling.stash.load("4") == 64
    assert filling.stash.get("4") == 64
    assert "4" in filling.stash
    filling.open()


def test_key_that_is_not_the_factorys_is_not_made(journal: Journal) -> None:
    filling = Background(journal, "threads", ("1", "2"), "3")
    reader, found = filling.read("9")
    filling.gate.touch()
    reader.join(BOUND)
    assert found == {"9": "absent"}
    assert dict(filling.stash) == {"1": 1, "2": 8, "3": 27}
    assert filling.counts("9") == 0


def test_key_that_is_no_text_is_made_of_the_item(journal: Journal) -> None:
    filling = Background(journal, "threads", (1, 2), 3, 4)
    reader, found = filling.read(4)
    filling.gate.touch()
    reader.join(BOUND)
    assert found == {4: 64}
    assert dict(filling.stash) == {1: 1, 2: 8, 3: 27, 4: 64}
    assert filling.counts("4") == 1


def test_key_that_is_being_made_is_not_made_twice(journal: Journal) -> None:
    filling = Background(journal, "threads", ("1", "2"), *"345")
    readers = [filling.read("1", "2")[0], filling.read("2", "3")[0]]
    assert await_that(lambda: all(map(is_waiting, readers)))
    filling.open()
    for reader in readers:
        reader.join(BOUND)
    assert {k: n for k, n in journal.take().items() if k.isdigit()} == dict.fromkeys(
        CUBES, 1
    )


def test_as_completed_yields_failures_too(engine: str, journal: Journal) -> None:
    stash = robust(Cubes(journal.folder, _3=9), engine=engine)
    pairs = list(stash.as_completed())
    assert len(pairs) == 5
    assert {key for key, value in pairs if isinstance(value, Failure)} == {"3"}
    assert {key for key, _ in stash.as_completed()} == CUBES.keys()


# Robust


def test_f_robust_takes_its_parameters_by_position() -> None:
    stash = MultiProcessRobustStash(
        "config",
        "name",
        False,
        factory=DictionaryStash(),
        delegate=DictionaryStash(),
        enable_preemptive=True,
    )
    assert (stash.config, stash.name, stash.protect_work) == ("config", "name", False)
    assert stash.enable_preemptive is True
    assert robust(DictionaryStash()).protect_work is True


def test_first_prime_always_checks(
    delegate: Stash[Any], engine: str, journal: Journal
) -> None:
    robust(Cubes(journal.folder), delegate, engine=engine).prime()
    delegate.delete("2")
    journal.take()
    stash = robust(Cubes(journal.folder), delegate, engine=engine)
    assert dict(stash) == CUBES
    assert journal.take() == {"2": 1}
    stash.close()


def test_exception_of_the_factory_is_kept(
    delegate: Stash[Any], engine: str, journal: Journal
) -> None:
    factory = Cubes(journal.folder, _3=9)
    stash = robust(factory, delegate, engine=engine, chunk_size=1)
    values = dict(stash)
    failure = values.pop("3")
    assert values == {k: v for k, v in CUBES.items() if k != "3"}
    assert isinstance(failure, Failure)
    assert type(failure.exception) is ValueError
    assert str(failure.exception) == "cube 3 is bad"
    assert "'3'" in str(failure.message)
    assert failure.thrower is not None
    assert [key for key, _ in stash.iterfails()] == ["3"]
    # It is as good as done.
    assert "3" in robust(Cubes(journal.folder), delegate)
    assert journal.take() == dict.fromkeys(CUBES, 1)
    stash.close()


def test_exception_of_the_factory_may_propagate(engine: str, journal: Journal) -> None:
    stash = robust(Cubes(journal.folder, _3=9), protect_work=False, engine=engine)
    with pytest.raises(ValueError, match="cube 3 is bad"):
        stash.prime()
    assert "3" not in stash.delegate


def test_failures_are_reprocessed(engine: str, journal: Journal) -> None:
    factory = Cubes(journal.folder, _3=1, _5=2)
    stash = robust(factory, engine=engine, chunk_size=1)
    assert {key for key, _ in stash.iterfails()} == {"3", "5"}
    assert stash.reprocess_failures() == {"3", "5"}
    assert [key for key, _ in stash.iterfails()] == ["5"]
    assert stash.reprocess_failures() == {"5"}
    assert dict(stash) == CUBES
    assert stash.reprocess_failures() == set()
    assert journal.take() == dict.fromkeys(CUBES, 1) | {"3": 2, "5": 3}


def test_robust_stash_may_try_again_first(journal: Journal) -> None:
    class Trying(MultiProcessRobustStash[Any]):
        on_failure = retry(1)

    factory = Cubes(journal.folder, _3=1, _5=9)
    for stash in (
        robust(factory, chunk_size=1, on_failure=retry(1)),
        made(factory, kind=Trying, chunk_size=1),
    ):
        assert {key for key, _ in stash.iterfails()} == {"5"}
        assert journal.take() == dict.fromkeys(CUBES, 1) | {"3": 2, "5": 2}


def test_invalidate_checks_now(journal: Journal) -> None:
    stash = robust(Cubes(journal.folder))
    stash.prime()
    stash.delete("2")
    stash.delegate.delete("3")
    journal.take()
    stash.invalidate()
    assert journal.take() == {"2": 1, "3": 1}
    assert dict(stash) == CUBES


def test_invalidate_comes_first(journal: Journal) -> None:
    stash = robust(Cubes(journal.folder))
    stash.invalidate()
    assert journal.take() == dict.fromkeys(CUBES, 1)


@pytest.mark.parametrize("engine", ["serial", "processes"])
@pytest.mark.parametrize("kind", ["directory", "sqlite"])
def test_f_value_that_cannot_be_stored_is_a_failure_of_its_own(
    kind: str, engine: str, tmp_path: Path
) -> None:
    factory = Unpicklable(["1", "lock", "3"])
    delegate = DELEGATES[kind](tmp_path)
    stash = robust(factory, delegate, engine=engine, chunk_size=3)
    assert [key for key, _ in stash.iterfails()] == ["lock"]
    assert {stash["1"], stash["3"]} == {1}
    if isinstance(delegate, DirectoryStash):
        names = sorted(path.name for path in delegate.path.iterdir())
        assert names == ["1.dat", "3.dat", "lock.dat"]
    strict = made(Unpicklable(["4", "lock2"]), delegate, engine=engine)
    with pytest.raises(PersistableError, match="lock"):
        strict.prime()
    assert "lock2" not in delegate
    assert "4" in delegate
    stash.close()


def test_plain_factory_stash_may_collect(journal: Journal) -> None:
    stash = made(Cubes(journal.folder, _3=1), on_failure="collect")
    assert {key for key, _ in stash.iterfails()} == {"3"}
    assert stash.reprocess_failures() == {"3"}
    assert dict(stash) == CUBES


def test_shape_of_the_classes() -> None:
    assert issubclass(MultiProcessRobustStash, MultiProcessFactoryStash)

    class Nothing(ReadOnlyStash[int]):
        def load(self, name: str) -> int | None:
            return None

        def keys(self) -> Iterable[str]:
            return ()

    assert len(made(Nothing())) == 0
    assert "factory=" in repr(made(Nothing()))
    assert "protect_work=True" in repr(robust(Nothing()))

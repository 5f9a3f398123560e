from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from programs import run_code

from zensols.multi.seeds import chunk_seed, seeded


@pytest.fixture(autouse=True)
def _random_state() -> Iterator[None]:
    state = random.getstate()
    yield
    random.setstate(state)


def test_seeds_differ_by_base_and_chunk() -> None:
    seeds = {
        chunk_seed(base, chunk)
        for base in (-1, 0, 1, 11, 2**200)
        for chunk in (b"", b"1", b"11", b"1:1")
    }
    assert len(seeds) == 20
    assert all(0 <= seed < 2**64 for seed in seeds)


def test_seeds_are_the_same_in_every_process() -> None:
    code = "from zensols.multi.seeds import chunk_seed; print(chunk_seed(3, b'chunk'))"
    assert run_code(code) == str(chunk_seed(3, b"chunk"))


def test_the_program_goes_on_as_if_nothing_had_been() -> None:
    random.seed(1)
    without = [random.random() for _ in range(4)]
    random.seed(1)
    first = random.random()
    with seeded(5):
        random.random()
    assert [first, *(random.random() for _ in range(3))] == without


def test_numbers_repeat() -> None:
    drawn = []
    for seed in (2**64 - 1, 2**64 - 1, 2**64 - 2, 7):
        with seeded(seed):
            drawn.append(random.random())
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


def test_no_seed_leaves_all_alone() -> None:
    random.seed(1)
    drawn = random.random()
    random.seed(1)
    with seeded(None):
        assert random.random() == drawn
        state = random.getstate()
    assert random.getstate() == state


def test_restored_after_an_error() -> None:
    state = random.getstate()
    with pytest.raises(KeyError), seeded(1):
        random.random()
        raise KeyError
    assert random.getstate() == state


def test_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    state = numpy.random.get_state()
    try:
        numpy.random.seed(1)
        without = numpy.random.random(3).tolist()
        numpy.random.seed(1)
        drawn = []
        # The last two differ in their upper half only.
        for seed in (5, 5, 5 + (1 << 32)):
            with seeded(seed):
                drawn.append(numpy.random.random())
        assert numpy.random.random(3).tolist() == without
        assert drawn[0] == drawn[1] != drawn[2]
    finally:
        numpy.random.set_state(state)


def test_numpy_with_another_generator_is_left_alone() -> None:
    pytest.importorskip("numpy")
    code = """
        import numpy
        from zensols.multi.seeds import seeded
        numpy.random.set_bit_generator(numpy.random.PCG64(1))
        before = numpy.random.get_state(legacy=False)["state"]
        with seeded(5):
            assert numpy.random.get_state(legacy=False)["state"] == before
            numpy.random.random()
        print(numpy.random.get_state(legacy=False)["state"] != before)
    """
    assert run_code(code) == "True"


def test_numpy_is_not_imported_for_it() -> None:
    code = """
        import sys
        from zensols.multi.seeds import seeded
        with seeded(5):
            print("numpy" in sys.modules)
    """
    assert run_code(code) == "False"


def test_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch is too large to install for this: what has its three functions."""
    source = random.Random(1)
    torch = SimpleNamespace(
        manual_seed=source.seed,
        get_rng_state=source.getstate,
        set_rng_state=source.setstate,
    )
    monkeypatch.setitem(sys.modules, "torch", torch)  # type: ignore[arg-type]
    state = source.getstate()
    with seeded(5):
        assert source.random() == random.Random(5).random()
    assert source.getstate() == state

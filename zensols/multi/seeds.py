"""Random numbers that are the same whenever a chunk is worked on."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from typing import Any

__all__ = ["chunk_seed", "seeded"]


def chunk_seed(base: int, chunk: bytes) -> int:
    """Return a seed for a chunk: another one for each chunk, and the same one each
    time, in whichever process.

    :param base: the seed of the whole run

    :param chunk: identifies the chunk

    :return: 64 bits

    >>> chunk_seed(1, b"first") == chunk_seed(1, b"first")
    True
    >>> chunk_seed(1, b"first") == chunk_seed(1, b"second")
    False

    """
    digest = blake2b(b"%d:" % base, digest_size=8, person=b"zsp-seed")
    digest.update(chunk)
    return int.from_bytes(digest.digest(), "big")


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Return a context manager in which the global random number generators are
    seeded, and at whose end they go on from where they were: that of :mod:`random`
    and, where these are imported already, the legacy one of NumPy and that of
    PyTorch for the CPU.

    They belong to the whole process, hence not for several threads at once.

    :param seed: 64 bits, or None to leave the generators alone

    >>> with seeded(7):
    ...     first = random.random()
    >>> with seeded(7):
    ...     assert random.random() == first

    """
    with ExitStack() as stack:
        if seed is not None:
            stack.callback(random.setstate, random.getstate())
            random.seed(seed)
            _seed_numpy(seed, stack)
            _seed_torch(seed, stack)
        yield


def _seed_numpy(seed: int, stack: ExitStack) -> None:
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is None:
        return
    state = numpy_random.get_state(legacy=False)
    # Only this one takes a seed; a program can have put another in its place.
    if state["bit_generator"] == "MT19937":
        stack.callback(numpy_random.set_state, state)
        numpy_random.seed([seed & 0xFFFFFFFF, seed >> 32])


def _seed_torch(seed: int, stack: ExitStack) -> None:
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        stack.callback(torch.set_rng_state, torch.get_rng_state())
        torch.manual_seed(seed)
